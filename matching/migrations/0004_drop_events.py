from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('matching', '0003_move_events'),
    ]

    operations = [
        migrations.DeleteModel(
            name='ProposalEvent',
        ),
    ]
