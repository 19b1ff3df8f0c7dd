"""The roots of all addresses."""

urlpatterns = []
