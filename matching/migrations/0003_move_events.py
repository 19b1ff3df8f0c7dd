from django.db import migrations

from core.migrations._carry_over import carry_over
from matching.enums import DeclineReason


def name_the_side(apps, schema_editor):
    """Until now an answer was taken for the institute's."""
    apps.get_model('matching', 'Proposal').objects.filter(status='interested').update(status='provider_interested')


class Migration(migrations.Migration):

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('core', '0001_history'),
        ('matching', '0002_two_sided_answers'),
    ]

    operations = [
        migrations.RunPython(name_the_side, migrations.RunPython.noop),
        migrations.RunPython(
            carry_over('matching.ProposalEvent', 'proposal', dict(DeclineReason.choices)), migrations.RunPython.noop
        ),
    ]
