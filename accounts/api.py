from accounts.models import Organisation
from accounts.serializers import OrganisationSerializer
from core.api.viewsets import ApiViewSet


class OrganisationViewSet(ApiViewSet):
    """单位：已核验的服务机构与组织方；登录后还有自己的单位。"""

    queryset = Organisation.objects.none()
    serializer_class = OrganisationSerializer
    filterset_fields = ["kind", "region"]

    def get_queryset(self):
        return Organisation.objects.visible_to(self.request.user)
