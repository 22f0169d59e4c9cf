//! A person's figures over a span of time, by day and by mailing (S-29 to S-31), and quick whatever there is.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{DAY, NOW, add_recipients, claim_all, minutes, outcome, plan, send_all, someone, tick};
use jiff::civil::date;
use jiff::tz::TimeZone;
use vestnik_model::delivery::DeliveryState::{Failed, Sent};
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::period::Period;
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::db::Rows;
use vestnik_store::reports::{self, MailingFigures, Span};
use vestnik_store::settle::{Source, settle};
use vestnik_store::{Cursor, Db, databases};

fn days(last: jiff::civil::Date, count: i64, zone: &str) -> Vec<UnixMillis> {
    Period::days_until(last, count).bounds(&TimeZone::get(zone).unwrap())
}

fn at(text: &str) -> UnixMillis {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

/// A mailing with figures as if it had sent so many at a time.
async fn sent_at(db: &Db, mailing: MailingId, at: UnixMillis, sent: i64) {
    db.execute(
        "INSERT INTO figures SELECT owner_id, $2, id, $3, 1, $3, 0, 0, 0, 0, 0 FROM mailings WHERE id = $1",
        &[&mailing, &at, &sent],
    )
    .await
    .unwrap();
}

async fn sent_by_day(db: &Db, actor: &Actor, bounds: &[UnixMillis]) -> Vec<i64> {
    reports::by_day(db, actor, bounds).await.unwrap().iter().map(|figures| figures.sent).collect()
}

async fn sending(db: &Db, actor: &Actor) -> (MailingId, RunId) {
    let mailing = plan(db, actor, "2026-11-24T06:00Z", "", "once").await;
    (mailing, tick(db, NOW).await[0])
}

databases! {
    async fn a_day_is_the_readers_own(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        // The day on which clocks are put forward in Berlin begins at 23:00 UTC and ends at 22:00.
        for (time, sent) in [
            ("2026-03-28T22:45:00Z", 1), ("2026-03-28T23:00:00Z", 10), ("2026-03-29T21:45:00Z", 100),
            ("2026-03-29T22:00:00Z", 1_000), ("2026-03-30T22:00:00Z", 10_000),
        ] {
            sent_at(&db, mailing, at(time), sent).await;
        }
        let last = date(2026, 3, 31);
        assert_eq!(sent_by_day(&db, &anna, &days(last, 4, "Europe/Berlin")).await, [1, 110, 1_000, 10_000]);
        assert_eq!(sent_by_day(&db, &anna, &days(last, 4, "UTC")).await, [11, 1_100, 10_000, 0]);
        assert_eq!(sent_by_day(&db, &anna, &days(last, 4, "Asia/Kathmandu")).await, [0, 11, 1_100, 10_000]);
        assert_eq!(sent_by_day(&db, &anna, &days(last, 1, "Europe/Berlin")).await, [10_000]);
        assert_eq!(sent_by_day(&db, &boris, &days(last, 4, "UTC")).await, [0; 4], "another's");
    }

    async fn what_was_sent_is_in_the_report_at_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 4).await;
        assert_eq!(reports::last_active(&db, &anna).await.unwrap(), None);
        let (mailing, run) = sending(&db, &anna).await;
        let claims = claim_all(&db, run, NOW).await;
        let became = |state| move |claimed: &_| outcome(mailing, run, claimed, state, NOW.plus(minutes(1)));
        let outcomes: Vec<_> =
            claims[..3].iter().map(became(Sent)).chain(claims[3..].iter().map(became(Failed))).collect();
        settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
        let (other, run) = sending(&db, &anna).await;
        send_all(&db, other, run, NOW).await;
        // One that was never sent is in no report.
        plan(&db, &anna, "", "", "once").await;

        let today = Span { from: NOW.minus(minutes(7 * 60)), until: NOW.plus(minutes(17 * 60)) };
        let total = reports::total(&db, &anna, today).await.unwrap();
        let figures = total.figures;
        assert_eq!((total.mailings, figures.sent, figures.failed), (2, 7, 1));
        assert_eq!((figures.attempts_ok, figures.attempts_failed), (7, 1));
        let page = reports::by_mailing(&db, &anna, today, None, 10).await.unwrap();
        let rows: Vec<_> = page.rows.iter().map(|row| (row.id, row.figures.sent, row.figures.failed)).collect();
        assert_eq!(rows, [(other, 4, 0), (mailing, 3, 1)]);
        assert_eq!((page.rows[0].name.as_str(), page.rows[0].last_at), ("News", Some(NOW)));
        let yesterday = Span { from: today.from.minus(DAY), until: today.from };
        assert_eq!(reports::total(&db, &anna, yesterday).await.unwrap(), reports::Total::default());
        assert!(reports::by_mailing(&db, &anna, yesterday, None, 10).await.unwrap().rows.is_empty());
        assert_eq!(reports::last_active(&db, &anna).await.unwrap(), Some(NOW));
    }

    async fn the_list_of_mailings_is_paged_both_ways(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mut made = Vec::new();
        for sent in [5, 7, 5, 5, 9] {
            let mailing = plan(&db, &anna, "", "", "once").await;
            sent_at(&db, mailing, NOW, sent).await;
            made.push(mailing);
        }
        let span = Span { from: NOW, until: NOW.plus(minutes(15)) };
        let ids = |rows: &[MailingFigures]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let page = |cursor: Option<Cursor>| {
            let (db, anna) = (db.clone(), anna.clone());
            async move { reports::by_mailing(&db, &anna, span, cursor.as_ref(), 2).await.unwrap() }
        };
        let first = page(None).await;
        assert_eq!((ids(&first.rows), first.previous.is_none()), (vec![made[4], made[1]], true));
        // As it comes back from an address.
        let second = page(first.next.map(|cursor| cursor.to_string().parse().unwrap())).await;
        assert_eq!(ids(&second.rows), [made[3], made[2]], "of those that sent alike, the newest first");
        let third = page(second.next).await;
        assert_eq!((ids(&third.rows), third.next.is_none()), (vec![made[0]], true));
        let back = page(third.previous).await;
        assert_eq!(ids(&back.rows), [made[3], made[2]]);
        let nonsense = page("b7".parse().ok()).await;
        assert_eq!(ids(&nonsense.rows), [made[4], made[1]]);
    }

    async fn a_file_of_mailings_misses_none_while_they_are_sent(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mut made = Vec::new();
        for sent in [5, 9, 1, 7, 3] {
            let mailing = plan(&db, &anna, "", "", "once").await;
            sent_at(&db, mailing, NOW, sent).await;
            made.push(mailing);
        }
        let span = Span { from: NOW, until: NOW.plus(minutes(15)) };
        let mut seen = Vec::new();
        loop {
            let after = seen.last().copied().unwrap_or(MailingId(0));
            let rows = reports::mailings_after(&db, &anna, span, after, 2).await.unwrap();
            if rows.is_empty() {
                break;
            }
            seen.extend(rows.iter().map(|row| row.id));
            // What was in front falls back, and what was behind comes to the front.
            db.execute("UPDATE figures SET sent = 100 - sent, attempts_ok = 100 - sent", &[]).await.unwrap();
        }
        assert_eq!(seen, made);
        let boris = someone(&db, "boris").await;
        assert!(reports::mailings_after(&db, &boris, span, MailingId(0), 9).await.unwrap().is_empty());
    }

    async fn hours_are_those_on_the_readers_clock(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        // Sunday, 29 March: in Berlin three o'clock comes after a quarter to two.
        for (time, sent) in [
            ("2026-03-28T23:45:00Z", 1), ("2026-03-29T00:45:00Z", 10), ("2026-03-29T01:00:00Z", 100),
            ("2026-03-29T22:00:00Z", 1_000), ("2026-03-30T22:00:00Z", 10_000),
        ] {
            sent_at(&db, mailing, at(time), sent).await;
        }
        let hours = async |zone: &str| -> Vec<(usize, i64)> {
            let zone = TimeZone::get(zone).unwrap();
            let stretches = Period::days_until(date(2026, 3, 30), 3).stretches(&zone);
            let hours = reports::by_hour_of_week(&db, &anna, &stretches).await.unwrap();
            assert_eq!(hours.len(), reports::WEEK);
            hours.iter().enumerate().filter(|(_, of)| of.sent > 0).map(|(hour, of)| (hour, of.sent)).collect()
        };
        const SUNDAY: usize = 6 * 24;
        assert_eq!(hours("Europe/Berlin").await, [(0, 1_000), (SUNDAY, 1), (SUNDAY + 1, 10), (SUNDAY + 3, 100)]);
        assert_eq!(
            hours("Asia/Kathmandu").await,
            [(3, 1_000), (SUNDAY + 5, 1), (SUNDAY + 6, 110)],
            "five hours and three quarters ahead"
        );
    }

    async fn a_year_of_a_thousand_mailings_adds_up(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 1).await;
        add_recipients(&db, &boris, 1).await;
        for person in [&anna, &boris] {
            let first = plan(&db, person, "", "", "once").await;
            db.execute(
                "INSERT INTO mailings (owner_id, name, name_key, message_id, audience, periodicity, time_zone, status,
                    created_at, updated_at)
                 WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
                 SELECT owner_id, 'Mailing ' || n, '', message_id, audience, periodicity, time_zone, status, 0, 0
                 FROM mailings, n WHERE id = $1",
                &[&first],
            )
            .await
            .unwrap();
        }
        // Each mailing sends on each day, at an hour of its own.
        let until = at("2026-11-25T00:00:00Z");
        let year: Vec<i64> = (1..=365).map(|day| until.minus(DAY * day).0).collect();
        let mut tx = db.begin().await.unwrap();
        tx.execute_rows(
            "WITH v (day) AS ({rows}) INSERT INTO figures
             SELECT owner_id, day + id % 96 * 900000, id, 100 + id % 50, id % 7, 100 + id % 50, id % 3, 0, 0, 0, 0 FROM mailings, v",
            &Rows::new().ints(year.into_iter()),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        db.analyze("figures").await.unwrap();
        db.analyze("mailings").await.unwrap();

        for count in [30, 365] {
            let bounds = days(date(2026, 11, 24), count, "UTC");
            let span = Span { from: bounds[0], until };
            let by_day = reports::by_day(&db, &anna, &bounds).await.unwrap();
            let total = reports::total(&db, &anna, span).await.unwrap();
            let page = reports::by_mailing(&db, &anna, span, None, 50).await.unwrap();
            assert_eq!((by_day.len() as i64, page.rows.len(), total.mailings), (count, 50, 1_000));
            let hours = reports::by_hour_of_week(&db, &anna, &[(bounds[0], until, 0)]).await.unwrap();
            assert_eq!(hours.iter().map(|hour| hour.sent).sum::<i64>(), total.figures.sent);
            let sent: i64 = by_day.iter().map(|day| day.sent).sum();
            assert_eq!(sent, total.figures.sent);
            assert!(sent > count * 100_000);
        }
        assert!(reports::last_active(&db, &anna).await.unwrap().is_some());
    }
}
