"""API requests by token: `Authorization: Token <key>`."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiToken

USE_IS_NOTED_EVERY = timedelta(minutes=5)


class TokenAuthentication(BaseAuthentication):
    """The token's person; the token itself becomes `request.auth`."""

    def authenticate(self, request):
        scheme, _, key = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"token":
            return None
        digest = ApiToken.digest_of(key.strip().decode("utf-8", "replace"))
        token = ApiToken.objects.select_related("user").filter(digest=digest, user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed("令牌无效或已撤销，请在“我的账户 → API 令牌”里重新生成。")
        self._note_use(token)
        return token.user, token

    def authenticate_header(self, request):
        return "Token"

    @staticmethod
    def _note_use(token):
        now = timezone.now()
        if token.used_at is None or now - token.used_at > USE_IS_NOTED_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(used_at=now)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token <令牌>"}
