import pytest

from core.workflow import NotPermitted, TransitionError
from needs.services import update_need


def test_a_published_need_cannot_be_changed(new_need, owner):
    need = new_need("published")
    with pytest.raises(TransitionError, match="不能再修改"):
        update_need(need, actor=owner, title="别的")


def test_only_the_enterprise_changes_its_need(need, stranger):
    with pytest.raises(NotPermitted):
        update_need(need, actor=stranger, title="别的")


def test_a_change_takes_the_confirmation_back(new_need, owner):
    need = new_need("returned")
    update_need(need, actor=owner, title="改过的标题")
    assert (need.title, need.public_text_confirmed_at) == ("改过的标题", None)
