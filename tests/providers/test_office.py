"""Staff, groups and the scheduler in the admin."""

import pytest
from django.contrib.auth.models import Group, User
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests import staff
from tests.cast import Books
from tests.staff import Staff


@pytest.fixture
def boss(books: Books) -> Staff:
    return staff.superuser()


def test_staff_are_made_and_put_into_groups(books: Books, boss: Staff) -> None:
    group, _ = Group.objects.get_or_create(name="finance")
    form = {"username": "maria", "password1": staff.PASSWORD, "password2": staff.PASSWORD}
    assert boss.post("auth/user/add/", usable_password="true", **form) == 302
    maria = User.objects.get(username="maria")
    assert maria.has_usable_password()

    form = {"username": "maria", "is_active": "on", "is_staff": "on", "groups": str(group.pk)}
    assert boss.post(f"auth/user/{maria.pk}/change/", **form) == 302
    assert list(maria.groups.all()) == [group]
    for path in ["auth/user/", "auth/group/", f"auth/group/{group.pk}/change/"]:
        assert boss.get(path)
    group.delete()


def test_the_schedule_is_looked_at_and_not_edited(books: Books, boss: Staff) -> None:
    crontab, _ = CrontabSchedule.objects.get_or_create(hour="3", minute="10")
    task = PeriodicTask.objects.create(name="partitions", task="providers.tasks.x", crontab=crontab)
    try:
        assert "partitions" in boss.get("django_celery_beat/periodictask/")
        path = f"django_celery_beat/periodictask/{task.pk}/change/"
        assert "providers.tasks.x" in boss.get(path)
        assert boss.post(path, name="partitions", task="os.system", args='["ls"]') == 403
        assert boss.answer("get", "django_celery_beat/crontabschedule/", {}).status_code == 404
    finally:
        task.delete()
        crontab.delete()
