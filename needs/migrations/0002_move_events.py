from django.db import migrations

from core.migrations._carry_over import carry_over


class Migration(migrations.Migration):

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('core', '0001_history'),
        ('needs', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(carry_over('needs.NeedEvent', 'need'), migrations.RunPython.noop),
    ]
