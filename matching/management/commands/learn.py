"""New weights from worked cases and from use."""

from functools import partial

from django.core.management.base import BaseCommand

from core.progress import bar
from matching.learning import propose_weights


class Command(BaseCommand):
    help = "从用例和平台上的答复学习一组新权重，与现用权重比较后存为候选；由组织方在“匹配权重”页决定是否启用。"

    def handle(self, *, verbosity, **options):
        proposed = propose_weights(progress=partial(bar, label="读取用例", verbosity=verbosity))
        learnt = proposed.evaluation["learnt_from"]
        self.stdout.write(f"学习自用例 {learnt['cases']} 条、平台答复 {learnt['use']} 条。")
        for name, label in (("held", "留出的用例"), ("use", "平台答复")):
            figures = proposed.evaluation[name]
            if figures["needs"]:
                changes = [f"{key} {figures['old'][key]:.3f} → {figures['new'][key]:.3f}" for key in figures["new"]]
                self.stdout.write(f"{label} {figures['needs']} 条：{'，'.join(changes)}")
        self.stdout.write(
            self.style.SUCCESS(f"候选权重 {proposed.version} 已保存，现用 {proposed.base_version} 未变。")
        )
