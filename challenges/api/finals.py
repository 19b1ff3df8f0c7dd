from drf_spectacular.utils import extend_schema

from challenges.models import Challenge
from challenges.serializers.finals import DrawInput, FinalsMarksInput, FinalsSerializer
from challenges.services.finals import RULES, draw_order, finals_of, save_marks
from core.api.viewsets import ApiViewSet


class FinalsViewSet(ApiViewSet):
    """现场赛：以赛事的编号查找；抽签、录入评委给分，全部录入或全部不录入，以及排名。"""

    queryset = Challenge.objects.none()
    serializer_class = FinalsSerializer

    def get_queryset(self):
        return Challenge.objects.run_by(self.request.user).for_list()

    def show(self, challenge):
        finals = finals_of(challenge)
        return {
            "challenge": challenge.pk,
            "rules": RULES,
            "solutions": finals.solutions,
            "judges": finals.judges,
            "barred": [
                {"solution": solution.pk, "judge": judge.pk}
                for solution in finals.solutions
                for judge in finals.judges
                if finals.is_barred((solution.pk, judge.pk))
            ],
            "marks": list(finals.marks.values()),
            "ranked": finals.ranked,
        }

    @extend_schema(request=FinalsMarksInput)
    def partial_update(self, request, pk=None):
        """录入、更改或撤回评委的现场得分；每次更改都留有原来和新的分数。"""
        challenge = self.get_object()
        given = self.read(FinalsMarksInput)["marks"]
        marks = {(mark["solution"], mark["judge"]): mark["points"] for mark in given}
        save_marks(challenge, actor=request.user, marks=marks)
        return self.answer(challenge)

    @extend_schema(request=DrawInput)
    def draw(self, request, pk=None):
        """抽签排定出场顺序；录入得分之前可以写明理由重抽。"""
        challenge = self.get_object()
        draw_order(challenge, actor=request.user, **self.read(DrawInput))
        return self.answer(challenge)
