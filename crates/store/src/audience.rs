//! The recipients that a mailing would reach now, for looking at them before anything is sent. What a run reaches is
//! decided when its deliveries are made, in [`crate::expansion`].

use vestnik_model::Actor;
use vestnik_model::id::{MailingId, RecipientId};
use vestnik_model::mailing::Audience;
use vestnik_model::recipient::Recipient;

use crate::db::{Db, Result};

/// Recipients of one of the actor's mailings, from an id on, in order of their ids.
pub async fn from(
    db: &Db,
    actor: &Actor,
    (mailing, audience): (MailingId, Audience),
    first: RecipientId,
    limit: i64,
) -> Result<Vec<Recipient>> {
    let sql = match audience {
        Audience::All => {
            "SELECT r.id, r.owner_id, r.email, r.full_name, r.comment, r.created_at, r.updated_at FROM recipients r
             WHERE r.owner_id = $1 AND r.id >= $3
                AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = $2 AND m.owner_id = $1)
             ORDER BY r.id LIMIT $4"
        }
        Audience::Chosen => {
            "SELECT r.id, r.owner_id, r.email, r.full_name, r.comment, r.created_at, r.updated_at
             FROM mailing_recipients c JOIN recipients r ON r.id = c.recipient_id AND r.owner_id = $1
             WHERE c.mailing_id = $2 AND c.recipient_id >= $3
                AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = $2 AND m.owner_id = $1)
             ORDER BY c.recipient_id LIMIT $4"
        }
    };
    db.fetch_all(sql, &[&actor.user(), &mailing, &first, &limit]).await
}

/// The lowest and the highest id among the recipients of one of the actor's mailings.
pub async fn bounds(
    db: &Db,
    actor: &Actor,
    (mailing, audience): (MailingId, Audience),
) -> Result<Option<(RecipientId, RecipientId)>> {
    // Each from its own end of the index; both in one SELECT would read all of it.
    let sql = match audience {
        Audience::All => {
            "SELECT (SELECT min(id) FROM recipients WHERE owner_id = $1), (SELECT max(id) FROM recipients WHERE owner_id = $1)
             FROM mailings m WHERE m.id = $2 AND m.owner_id = $1"
        }
        Audience::Chosen => {
            "SELECT (SELECT min(recipient_id) FROM mailing_recipients WHERE mailing_id = $2),
                (SELECT max(recipient_id) FROM mailing_recipients WHERE mailing_id = $2)
             FROM mailings m WHERE m.id = $2 AND m.owner_id = $1"
        }
    };
    let found: Option<(Option<RecipientId>, Option<RecipientId>)> =
        db.fetch_optional(sql, &[&actor.user(), &mailing]).await?;
    Ok(found.and_then(|(lowest, highest)| lowest.zip(highest)))
}
