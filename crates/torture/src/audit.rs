//! Triggers that write down every change of state: the checker's history, which the product
//! neither writes nor knows.

use anyhow::Result;

use crate::database::Database;

const TABLE_POSTGRES: &str = "CREATE TABLE torture_audit (
        n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        what text NOT NULL, id text NOT NULL, was text, became text NOT NULL,
        was_attempt bigint, attempt bigint, node text,
        writer text DEFAULT current_setting('application_name'),
        at bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);";

const TRIGGERS_POSTGRES: &str = "
CREATE FUNCTION torture_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO s0.torture_audit (what, id, became, attempt)
        VALUES ('job', NEW.id, NEW.state, NEW.attempt);
    ELSIF (OLD.state, OLD.attempt, OLD.node_id) IS DISTINCT FROM (NEW.state, NEW.attempt, NEW.node_id) THEN
        INSERT INTO s0.torture_audit (what, id, was, became, was_attempt, attempt, node)
        VALUES ('job', NEW.id, OLD.state, NEW.state, OLD.attempt, NEW.attempt, NEW.node_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture_job AFTER INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION torture_job();
CREATE FUNCTION torture_video() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO s0.torture_audit (what, id, became) VALUES ('video', NEW.id, NEW.state);
    ELSIF OLD.state <> NEW.state OR OLD.finalized_at IS DISTINCT FROM NEW.finalized_at THEN
        INSERT INTO s0.torture_audit (what, id, was, became) VALUES ('video', NEW.id, OLD.state, NEW.state);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture_video AFTER INSERT OR UPDATE ON videos FOR EACH ROW EXECUTE FUNCTION torture_video();
CREATE FUNCTION torture_transfer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO s0.torture_audit (what, id, was, became, was_attempt, attempt)
        SELECT 'hold', NEW.id, state, NEW.state, jobs.attempt, NEW.attempt FROM s0.jobs WHERE id = NEW.job_id;
    ELSIF OLD.state <> NEW.state OR OLD.posted <> NEW.posted THEN
        INSERT INTO s0.torture_audit (what, id, was, became) VALUES ('transfer', NEW.id, OLD.state, NEW.state);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER torture_transfer AFTER INSERT OR UPDATE ON transfers FOR EACH ROW EXECUTE FUNCTION torture_transfer();
CREATE FUNCTION torture_node() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO s0.torture_audit (what, id, became) VALUES ('node', NEW.id, NEW.name);
    RETURN NULL;
END $$;
CREATE TRIGGER torture_node AFTER INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION torture_node();
";

const TABLE_SQLITE: &str = "CREATE TABLE torture_audit (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        what TEXT NOT NULL, id TEXT NOT NULL, was TEXT, became TEXT NOT NULL,
        was_attempt INTEGER, attempt INTEGER, node TEXT, writer TEXT,
        at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)));";

const TRIGGERS_SQLITE: &str = "
CREATE TRIGGER torture_job_new AFTER INSERT ON jobs BEGIN
    INSERT INTO torture_audit (what, id, became, attempt) VALUES ('job', NEW.id, NEW.state, NEW.attempt);
END;
CREATE TRIGGER torture_job AFTER UPDATE ON jobs
WHEN OLD.state IS NOT NEW.state OR OLD.attempt IS NOT NEW.attempt OR OLD.node_id IS NOT NEW.node_id BEGIN
    INSERT INTO torture_audit (what, id, was, became, was_attempt, attempt, node)
    VALUES ('job', NEW.id, OLD.state, NEW.state, OLD.attempt, NEW.attempt, NEW.node_id);
END;
CREATE TRIGGER torture_video_new AFTER INSERT ON videos BEGIN
    INSERT INTO torture_audit (what, id, became) VALUES ('video', NEW.id, NEW.state);
END;
CREATE TRIGGER torture_video AFTER UPDATE ON videos
WHEN OLD.state <> NEW.state OR OLD.finalized_at IS NOT NEW.finalized_at BEGIN
    INSERT INTO torture_audit (what, id, was, became) VALUES ('video', NEW.id, OLD.state, NEW.state);
END;
CREATE TRIGGER torture_hold AFTER INSERT ON transfers BEGIN
    INSERT INTO torture_audit (what, id, was, became, was_attempt, attempt)
    SELECT 'hold', NEW.id, state, NEW.state, attempt, NEW.attempt FROM jobs WHERE id = NEW.job_id;
END;
CREATE TRIGGER torture_transfer AFTER UPDATE ON transfers
WHEN OLD.state <> NEW.state OR OLD.posted <> NEW.posted BEGIN
    INSERT INTO torture_audit (what, id, was, became) VALUES ('transfer', NEW.id, OLD.state, NEW.state);
END;
CREATE TRIGGER torture_node AFTER INSERT ON nodes BEGIN
    INSERT INTO torture_audit (what, id, became) VALUES ('node', NEW.id, NEW.name);
END;
";

/// Installs them over the product's tables.
///
/// # Errors
/// The database is away, or its schema is another one.
pub(crate) fn install(database: &Database) -> Result<()> {
    let (table, triggers) = match database {
        Database::Sqlite(_) => (TABLE_SQLITE, TRIGGERS_SQLITE),
        Database::Postgres(..) => (TABLE_POSTGRES, TRIGGERS_POSTGRES),
    };
    database.change(table)?;
    database.change(triggers)
}
