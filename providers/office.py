"""Staff, groups and the scheduler: what comes with Django and celery-beat, in this admin's look.

The schedule is code (CELERY_BEAT_SCHEDULE) and beat writes it over the table at every start, so an
edit here would not last, and a form that runs any task with any arguments is no tool for finance
staff. Periodic tasks are looked at; the tables of intervals, crontabs, solar events and clocks
behind them have no page.
"""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django_celery_beat import models as beat
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from wallets import pages

admin.site.index_title = "Overview"

for model in (
    User,
    Group,
    beat.PeriodicTask,
    beat.IntervalSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
):
    admin.site.unregister(model)


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """People who log in here. A player is not a user."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_fullwidth = True
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    autocomplete_fields = ["groups"]
    filter_horizontal = []
    readonly_fields = ["seen_at", "joined_at"]
    # What one may do comes from the groups one is in, and from nowhere else.
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("May", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Since", {"fields": ["seen_at", "joined_at"]}),
    ]

    @admin.display(description="Last login at")
    def seen_at(self, user: User) -> object:
        return pages.moment(user.last_login)

    @admin.display(description="Joined at")
    def joined_at(self, user: User) -> object:
        return pages.moment(user.date_joined)


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Named sets of permissions."""

    list_fullwidth = True
    compressed_fields = False


@admin.register(beat.PeriodicTask)
class PeriodicTaskAdmin(pages.ReadOnly):
    """What beat sends to the workers, and when it last did."""

    list_display = ["name", "task", "timetable", "enabled", "last_run", "total_run_count"]
    list_select_related = ["interval", "crontab", "solar", "clocked"]
    fields = ["name", "task", "timetable", "enabled", "last_run", "total_run_count", "description"]

    @admin.display(description="Schedule")
    def timetable(self, task: beat.PeriodicTask) -> str:
        return str(task.scheduler)

    @admin.display(description="Last run at")
    def last_run(self, task: beat.PeriodicTask) -> object:
        return pages.moment(task.last_run_at)
