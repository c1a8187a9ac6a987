"""Decisions and audit entries are only ever added: the database refuses to change or delete them.

The one change allowed empties a foreign key when the person or item it names is erased. Row-level,
so that TRUNCATE (which empties test databases) still works.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION moderation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reference text;
    before jsonb := to_jsonb(OLD);
    after jsonb;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    after := to_jsonb(NEW);
    FOREACH reference IN ARRAY TG_ARGV LOOP
        IF after ->> reference IS NULL THEN
            before := before || jsonb_build_object(reference, NULL);
        END IF;
    END LOOP;
    IF after IS DISTINCT FROM before THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON moderation_decision
    FOR EACH ROW EXECUTE FUNCTION moderation_append_only('case_id', 'item_id', 'moderator_id');
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_append_only('actor_id');
"""

REVERSE = """
DROP TRIGGER decision_append_only ON moderation_decision;
DROP TRIGGER audit_append_only ON moderation_auditentry;
DROP FUNCTION moderation_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTION + TRIGGERS, REVERSE)]
