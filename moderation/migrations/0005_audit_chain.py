"""The audit log as a hash chain, and its tables closed against TRUNCATE.

A deferred trigger appends the row to the chain while the transaction commits: by then no row lock
is waited for any more, so the advisory lock that keeps one chain can cause no deadlock. Rows from
before are chained in their order. Emptying the tables takes a session that says so
(`SET weft.may_empty = 'on'`), as the test database and `seed_demo --fresh` do.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION moderation_audit_text(entry moderation_auditentry) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT concat_ws(E'\\n',
        entry.position::text,
        entry.previous,
        entry.id::text,
        to_char(entry.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        coalesce(entry.actor_number::text, '-'),
        coalesce(entry.item_id::text, '-'),
        entry.action,
        entry.data::text)
$$;

CREATE FUNCTION moderation_audit_digest(entry moderation_auditentry) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(moderation_audit_text(entry), 'UTF8')), 'hex')
$$;

CREATE FUNCTION moderation_audit_append(row_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry moderation_auditentry;
    last_position bigint;
    last_digest text;
BEGIN
    SELECT position, digest INTO last_position, last_digest
        FROM moderation_auditentry WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1;
    SELECT * INTO entry FROM moderation_auditentry WHERE id = row_id;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    entry.position := coalesce(last_position, 0) + 1;
    entry.previous := coalesce(last_digest, repeat('0', 64));
    entry.digest := moderation_audit_digest(entry);
    UPDATE moderation_auditentry
        SET position = entry.position, previous = entry.previous, digest = entry.digest
        WHERE id = row_id;
END $$;

CREATE FUNCTION moderation_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('moderation_audit_chain'));
    PERFORM moderation_audit_append(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION moderation_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A row enters the chain once; after that its place and digest stand.
    IF OLD.digest = '' AND NEW.digest <> '' AND NEW.position IS NOT NULL
        AND to_jsonb(NEW) - 'position' - 'previous' - 'digest'
          = to_jsonb(OLD) - 'position' - 'previous' - 'digest' THEN
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' AND NEW.actor_id IS NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION moderation_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('weft.may_empty', true), '') <> 'on' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER audit_append_only ON moderation_auditentry;
UPDATE moderation_auditentry
    SET actor_number = coalesce(actor_number, actor_id), position = NULL, previous = '', digest = '';
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT id FROM moderation_auditentry ORDER BY id LOOP
        PERFORM moderation_audit_append(one.id);
    END LOOP;
END $$;

CREATE TRIGGER audit_no_delete BEFORE DELETE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_append_only();
CREATE TRIGGER audit_no_update BEFORE UPDATE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_audit_guard();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON moderation_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_not_emptied();
CREATE CONSTRAINT TRIGGER audit_chained AFTER INSERT ON moderation_auditentry
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION moderation_audit_chain();

DROP TRIGGER decision_append_only ON moderation_decision;
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON moderation_decision
    FOR EACH ROW EXECUTE FUNCTION
        moderation_append_only('case_id', 'item_id', 'moderator_id', 'confirmed_by_id');
CREATE TRIGGER decision_no_truncate BEFORE TRUNCATE ON moderation_decision
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_not_emptied();
"""

REVERSE = """
DROP TRIGGER audit_chained ON moderation_auditentry;
DROP TRIGGER audit_no_truncate ON moderation_auditentry;
DROP TRIGGER audit_no_update ON moderation_auditentry;
DROP TRIGGER audit_no_delete ON moderation_auditentry;
DROP TRIGGER decision_no_truncate ON moderation_decision;
DROP TRIGGER decision_append_only ON moderation_decision;
DROP FUNCTION moderation_not_emptied();
DROP FUNCTION moderation_audit_guard();
DROP FUNCTION moderation_audit_chain();
DROP FUNCTION moderation_audit_append(bigint);
DROP FUNCTION moderation_audit_digest(moderation_auditentry);
DROP FUNCTION moderation_audit_text(moderation_auditentry);
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON moderation_decision
    FOR EACH ROW EXECUTE FUNCTION moderation_append_only('case_id', 'item_id', 'moderator_id');
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON moderation_auditentry
    FOR EACH ROW EXECUTE FUNCTION moderation_append_only('actor_id');
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0004_fill_cases")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
