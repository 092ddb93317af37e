"""Staff, groups and the scheduler: what comes with Django and celery-beat, in this admin's look.

The schedule is code (CELERY_BEAT_SCHEDULE) and beat writes it over the table at every start, so an
edit here would not last, and a form that runs any task with any arguments is no tool for finance
staff. Periodic tasks are looked at; the tables of intervals, crontabs, solar events and clocks
behind them have no page.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from django_celery_beat import models as beat
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from wallets import pages

admin.site.index_title = "Overview"

# What is said of a group on its page, by its name; who knows the roles adds theirs.
SENTENCES: dict[str, str] = {}

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
    """People who log in here. A player is not a user.

    Superusers look after them. Whoever else was given the right to change users can't raise
    anybody above themselves: not by a group, not by a password of somebody who may do more. Nobody
    is deleted: what they did is on record under their name.
    """

    actions = None
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

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may: bool = super().has_change_permission(request, obj)
        return may and (obj is None or not exceeds(obj, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        above = [] if request.user.is_superuser else ["is_superuser"]
        return [*self.readonly_fields, *above]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "groups" and not request.user.is_superuser:
            options["queryset"] = Group.objects.filter(user=request.user.pk)
        return super().formfield_for_manytomany(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        by(request, obj)
        super().save_model(request, obj, form, change)

    @admin.display(description="Last login at")
    def seen_at(self, user: User) -> object:
        return pages.moment(user.last_login)

    @admin.display(description="Joined at")
    def joined_at(self, user: User) -> object:
        return pages.moment(user.date_joined)


@admin.register(Group)
class RoleAdmin(GroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Named sets of permissions. Only superusers change them: they say what everybody may do."""

    actions = None
    list_fullwidth = True
    compressed_fields = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def get_form(
        self, request: HttpRequest, obj: Group | None = None, change: bool = False, **options: Any
    ) -> Any:
        told = {"name": SENTENCES.get(obj.name if obj else "", "")}
        return super().get_form(request, obj, change, **{**options, "help_texts": told})

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        by(request, obj)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        by(request, obj)
        super().delete_model(request, obj)


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


def exceeds(user: User, other: Any) -> bool:
    """Whether `user` may do anything that `other` may not, or is in a group that `other` isn't."""
    if other.is_superuser:
        return False
    groups = set(user.groups.values_list("pk", flat=True))
    return (
        user.is_superuser
        or not groups <= set(other.groups.values_list("pk", flat=True))
        or not user.get_all_permissions() <= other.get_all_permissions()
    )


def by(request: HttpRequest, changed: Model) -> None:
    """Whoever asks stands in the history of what is changed."""
    changed._history_user = request.user  # type: ignore[attr-defined]
