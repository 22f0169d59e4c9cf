#![expect(clippy::unwrap_used, reason = "measuring")]
mod common;
use std::time::Instant;
use common::{NOW, add_recipients, minutes, plan, someone, tick};
use vestnik_store::breakdown::{self, RunsOf};
use vestnik_store::reports::{self, Span};
use vestnik_store::{Db, databases, runs, summaries, control, stats, mailings};
use sqlx::AssertSqlSafe;

databases! {
    async fn measure(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        db.execute("DELETE FROM deliveries", &[]).await.unwrap();
        let n = 1_000_000_i64;
        // 5 % failed at the first attempt, 5 % sent at the second, 90 % at the first; 3,000 domains, a few of them large.
        db.execute("INSERT INTO deliveries (run_id, recipient_id, email, state, due_at, attempts, epoch, ended_at)
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $2)
            SELECT $1, n, 'somebody.number' || n || '@domain' || CASE WHEN n % 3 = 0 THEN n % 3000 ELSE n % 5 END || '.example.org',
              CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'sent' END, 0, CASE WHEN n % 20 = 1 THEN 2 ELSE 1 END, 1, $3 FROM n", &[&run, &n, &NOW]).await.unwrap();
        db.execute("INSERT INTO attempts (delivery_id, run_id, mailing_id, number, at, successful, code, enhanced, reply, phase, server, duration_ms, stale)
            SELECT d.id, d.run_id, $2, 1, $3, d.recipient_id % 20 > 1, CASE d.recipient_id % 20 WHEN 0 THEN 550 WHEN 1 THEN 451 ELSE 250 END,
             CASE d.recipient_id % 20 WHEN 0 THEN '5.' || (d.recipient_id % 7) || '.1' WHEN 1 THEN '4.7.1' ELSE '2.0.0' END,
             CASE WHEN d.recipient_id % 20 = 0 THEN 'Sorry, no such user here: <somebody' || d.recipient_id || '>' ELSE 'Ok: queued as 12345678' END, 'rcpt-to', 'mx:25', 12, d.recipient_id < 0
             FROM deliveries d WHERE d.run_id = $1", &[&run, &mailing, &NOW]).await.unwrap();
        db.execute("INSERT INTO attempts (delivery_id, run_id, mailing_id, number, at, successful, code, enhanced, reply, phase, server, duration_ms, stale)
            SELECT d.id, d.run_id, $2, 2, $3, d.id > 0, 250, '2.0.0', 'Ok', 'dot', 'mx:25', 12, d.id < 0 FROM deliveries d WHERE d.run_id = $1 AND d.attempts = 2", &[&run, &mailing, &NOW]).await.unwrap();
        db.execute("UPDATE runs SET recipients = 1000000, sent = 950000, failed = 50000, attempts_ok = 950000, attempts_failed = 100000, state = 'completed', finished_at = $2 WHERE id = $1", &[&run, &NOW.plus(minutes(30))]).await.unwrap();
        let t = Instant::now();
        let due = summaries::due(&db, NOW, 10).await.unwrap();
        println!("MEASURE due {:?} {}", t.elapsed(), due.len());
        let t = Instant::now();
        assert!(summaries::make(&db, &due[0], NOW).await.unwrap());
        println!("MEASURE make 1M {:?}", t.elapsed());
        // A thousand runs, each with as many rows as a run may have, of many mailings and of one.
        db.execute("INSERT INTO runs (mailing_id, owner_id, occurrence_at, state, begins_at, key, audience, started_at, finished_at, summed_for, recipients, sent, failed, attempts_ok, attempts_failed, subject, html, text)
           WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
           SELECT mailing_id, owner_id, occurrence_at + n * 60000, state, begins_at, key, audience, started_at + n * 60000, finished_at + n * 60000, finished_at + n * 60000, recipients, sent, failed, attempts_ok, attempts_failed, subject, html, text FROM runs, n WHERE id = $1", &[&run]).await.unwrap();
        for table in ["run_domains (run_id, domain, sent, failed, expired, skipped, unknown, cancelled) SELECT u.id, d.domain, d.sent, d.failed, d.expired, d.skipped, d.unknown, d.cancelled FROM run_domains",
            "run_replies (run_id, reason, code, enhanced, attempts, failed, expired, unknown, reply) SELECT u.id, d.reason, d.code, d.enhanced, d.attempts, d.failed, d.expired, d.unknown, d.reply FROM run_replies"] {
            db.execute(AssertSqlSafe(format!("INSERT INTO {table} d JOIN runs u ON u.id > d.run_id WHERE d.run_id = $1")), &[&run]).await.unwrap();
        }
        db.execute("INSERT INTO run_summaries (run_id, made_at, counted, taken_until) SELECT id, 0, 0, 0 FROM runs WHERE id <> $1", &[&run]).await.unwrap();
        for table in ["runs", "run_domains", "run_replies", "run_summaries", "deliveries", "attempts"] { db.analyze(table).await.unwrap(); }
        let span = Span { from: NOW.minus(minutes(60)), until: NOW.plus(minutes(60 * 24 * 30)) };
        for of in [RunsOf::Span(span), RunsOf::Mailing(mailing)] {
          for round in 0..3 {
            let t = Instant::now(); breakdown::coverage(&db, &anna, of).await.unwrap(); let a = t.elapsed();
            let t = Instant::now(); let d = breakdown::by_domain(&db, &anna, of, 20).await.unwrap(); let b = t.elapsed();
            let t = Instant::now(); let r = breakdown::by_reply(&db, &anna, of, 50).await.unwrap(); let c = t.elapsed();
            println!("MEASURE {round} {of:?} coverage {a:?} domains {b:?} ({}) replies {c:?} ({})", d.len(), r.len());
          }
        }
        let t = Instant::now(); runs::begun(&db, &anna, mailing, None, 30).await.unwrap(); let a = t.elapsed();
        let t = Instant::now(); runs::totals(&db, &anna, mailing).await.unwrap(); let b = t.elapsed();
        let t = Instant::now(); summaries::due(&db, NOW.plus(minutes(9)), 10).await.unwrap(); let c = t.elapsed();
        let t = Instant::now(); stats::totals(&db, &anna).await.unwrap(); let d = t.elapsed();
        let t = Instant::now(); reports::last_active(&db, &anna).await.unwrap(); let e = t.elapsed();
        let t = Instant::now(); mailings::upcoming(&db, &anna, 4).await.unwrap(); let f = t.elapsed();
        println!("MEASURE begun {a:?} totals {b:?} due {c:?} stats {d:?} last {e:?} upcoming {f:?}");
        if !db.is_embedded() {
            let plan: Vec<(String,)> = db.fetch_all("EXPLAIN ANALYZE SELECT u.id, u.finished_at FROM runs u LEFT JOIN run_summaries s ON s.run_id = u.id
         WHERE u.state IN ('completed', 'cancelled') AND (u.summed_for IS NULL OR u.summed_for <> u.finished_at)
            AND (s.taken_until IS NULL OR s.taken_until <= 5)
         ORDER BY u.id DESC LIMIT 10", &[]).await.unwrap();
            for (line,) in plan { println!("PLAN {line}"); }
        }
        let _ = control::pause(&db, &anna, run, NOW).await;
    }
}
