//! What people write on the contacts page, on both databases: kept once, read and answered by those who may.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, someone};
use vestnik_model::feedback::{FeedbackDraft, FeedbackState, TypedFeedback};
use vestnik_model::id::FeedbackId;
use vestnik_model::installation::SecondFactorPolicy;
use vestnik_model::problem::StoredProblem;
use vestnik_model::user::Language;
use vestnik_model::{Actor, BuiltinGroup, Installation, UnixMillis};
use vestnik_store::audit::Author;
use vestnik_store::feedback::{self, FeedbackFilter, NewFeedback};
use vestnik_store::groups::Changed;
use vestnik_store::letters::{self, LetterOutcome, NewLetter};
use vestnik_store::{Db, databases, groups, installation, people, users};

async fn reader(db: &Db, name: &str) -> Actor {
    let actor = someone(db, name).await;
    people::join(db, actor.user(), BuiltinGroup::Administrators, &Author::at_console(NOW)).await.unwrap();
    let user = users::find(db, actor.user()).await.unwrap().unwrap();
    Actor::with(&user, &groups::permissions_of(db, user.id).await.unwrap(), SecondFactorPolicy::Optional)
}

fn draft(subject: &str) -> FeedbackDraft {
    TypedFeedback { name: "Вера", email: "vera@example.org", subject, text: "Где счёт?" }.parse().unwrap()
}

async fn write(db: &Db, key: &str, subject: &str, state: FeedbackState) -> Option<FeedbackId> {
    let draft = draft(subject);
    let is_spam = state == FeedbackState::Spam;
    let new = NewFeedback { draft: &draft, form: key, user: None, language: Language::Ru, is_spam };
    let submission = feedback::submit(db, new, NOW).await.unwrap()?;
    let id = submission.id;
    submission.keep().await.unwrap();
    Some(id)
}

async fn subjects(db: &Db, actor: &Actor, search: &str, state: Option<FeedbackState>) -> String {
    let filter = FeedbackFilter { search: search.into(), state };
    let page = feedback::list(db, actor, &filter, None, 10).await.unwrap();
    page.rows.into_iter().map(|row| row.subject).collect::<Vec<_>>().join(" ")
}

databases! {
    async fn s53_a_form_that_is_sent_twice_is_kept_once(db: Db) {
        let reader = reader(&db, "boss").await;
        assert!(write(&db, "one", "A", FeedbackState::New).await.is_some());
        assert_eq!(write(&db, "one", "A", FeedbackState::New).await, None);
        // Back in the browser, and other words in the same form.
        assert!(write(&db, "one", "B", FeedbackState::New).await.is_some());
        assert!(write(&db, "two", "Ёлка", FeedbackState::New).await.is_some());
        assert!(write(&db, "three", "Casino", FeedbackState::Spam).await.is_some());
        assert_eq!(subjects(&db, &reader, "", None).await, "Ёлка B A");
        assert_eq!(subjects(&db, &reader, "ёЛК", None).await, "Ёлка");
        assert_eq!(subjects(&db, &reader, "", Some(FeedbackState::Spam)).await, "Casino");
        assert_eq!(feedback::unread(&db).await.unwrap(), 3);
    }

    async fn only_those_who_may_read_and_answer(db: Db) {
        let anna = someone(&db, "anna").await;
        let boss = reader(&db, "boss").await;
        let readers = feedback::readers(&db, 10).await.unwrap();
        assert_eq!(readers.iter().map(|user| user.id).collect::<Vec<_>>(), [boss.user()]);
        let id = write(&db, "one", "A", FeedbackState::New).await.unwrap();
        let author = Author::at_console(NOW);
        assert!(feedback::find(&db, &anna, id).await.unwrap().is_none());
        assert_eq!(subjects(&db, &anna, "", None).await, "");
        feedback::open(&db, &anna, id).await.unwrap();
        assert_eq!(feedback::mark(&db, &anna, id, FeedbackState::Spam, NOW).await.unwrap(), Changed::NotAllowed);
        assert_eq!(feedback::delete(&db, &anna, id, &author).await.unwrap(), Changed::NotAllowed);
        let (found, _) = feedback::find(&db, &boss, id).await.unwrap().unwrap();
        assert_eq!((found.state, found.text.as_str()), (FeedbackState::New, "Где счёт?"));
        let gone = FeedbackId(id.0 + 1);
        assert_eq!(feedback::delete(&db, &boss, gone, &author).await.unwrap(), Changed::NotFound);
        assert_eq!(feedback::delete(&db, &boss, id, &author).await.unwrap(), Changed::Done);
    }

    async fn an_answer_tells_what_became_of_its_letter(db: Db) {
        let boss = reader(&db, "boss").await;
        let user = users::find(&db, boss.user()).await.unwrap().unwrap();
        let author = Author::at_browser(&user, "192.0.2.1", NOW);
        let id = write(&db, "one", "A", FeedbackState::New).await.unwrap();
        feedback::open(&db, &boss, id).await.unwrap();
        let to = draft("A").email;
        let letter = NewLetter {
            user: user.id, kind: "feedback-answer", recipient: &to, recipient_name: "Вера", subject: "Re: A",
            text: "Вот.", html: "", key: "k",
        };
        assert_eq!(feedback::answer(&db, &boss, (id, 0), "Вот.", &letter, &author).await.unwrap(), Changed::Done);
        // Someone else had the same page open.
        assert_eq!(feedback::answer(&db, &boss, (id, 0), "Вот.", &letter, &author).await.unwrap(), Changed::NotNow);
        let (found, answers) = feedback::find(&db, &boss, id).await.unwrap().unwrap();
        assert_eq!(found.state, FeedbackState::Answered);
        assert_eq!((answers[0].text.as_str(), answers[0].letter.as_deref()), ("Вот.", Some("pending")));
        let claimed = letters::claim(&db, 10, NOW, UnixMillis(NOW.0 + 1)).await.unwrap();
        letters::settle(&db, claimed[0].id, LetterOutcome::Failed, "550 5.1.1 nobody", &StoredProblem::default()).await.unwrap();
        let (_, answers) = feedback::find(&db, &boss, id).await.unwrap().unwrap();
        assert_eq!(answers[0].letter.as_deref(), Some("failed"));
        assert_eq!(answers[0].reply.as_deref(), Some("550 5.1.1 nobody"));
        // What was answered stays answered, also after it was taken for spam.
        for (wanted, is) in [
            (FeedbackState::New, FeedbackState::Answered),
            (FeedbackState::Spam, FeedbackState::Spam),
            (FeedbackState::Read, FeedbackState::Answered),
        ] {
            assert_eq!(feedback::mark(&db, &boss, id, wanted, NOW).await.unwrap(), Changed::Done);
            assert_eq!(feedback::find(&db, &boss, id).await.unwrap().unwrap().0.state, is);
        }
    }

    async fn spam_is_removed_after_a_while(db: Db) {
        let boss = reader(&db, "boss").await;
        write(&db, "one", "Spam", FeedbackState::Spam).await;
        let old = write(&db, "two", "Ham", FeedbackState::New).await.unwrap();
        feedback::remove_spam(&db, NOW).await.unwrap();
        assert_eq!(subjects(&db, &boss, "", Some(FeedbackState::Spam)).await, "Spam");
        feedback::remove_spam(&db, UnixMillis(NOW.0 + 1)).await.unwrap();
        assert_eq!(subjects(&db, &boss, "", Some(FeedbackState::Spam)).await, "");
        assert_eq!(subjects(&db, &boss, "", None).await, "Ham");
        // An old one that someone marks by mistake has its time, too.
        let later = UnixMillis(NOW.0 + 1_000);
        feedback::mark(&db, &boss, old, FeedbackState::Spam, later).await.unwrap();
        feedback::remove_spam(&db, later).await.unwrap();
        assert_eq!(subjects(&db, &boss, "", Some(FeedbackState::Spam)).await, "Ham");
        feedback::mark(&db, &boss, old, FeedbackState::Read, later).await.unwrap();
        feedback::remove_spam(&db, UnixMillis(later.0 + 1)).await.unwrap();
        assert_eq!(subjects(&db, &boss, "", None).await, "Ham");
    }

    async fn those_whose_rights_are_withheld_get_no_copy(db: Db) {
        let boss = reader(&db, "boss").await;
        let author = Author::at_console(NOW);
        let wanted = |now: Installation| Installation { second_factor: SecondFactorPolicy::Required, ..now };
        installation::update(&db, &boss, &author, wanted).await.unwrap();
        assert!(feedback::readers(&db, 10).await.unwrap().is_empty());
    }

    async fn what_someone_wrote_goes_with_their_account_and_is_theirs_to_take(db: Db) {
        let anna = someone(&db, "anna").await;
        let draft = draft("Mine");
        let new =
            NewFeedback { draft: &draft, form: "a", user: Some(anna.user()), language: Language::En, is_spam: false };
        feedback::submit(&db, new, NOW).await.unwrap().unwrap().keep().await.unwrap();
        write(&db, "b", "Another's", FeedbackState::New).await;
        let own = feedback::own(&db, &anna).await.unwrap();
        assert_eq!(own.iter().map(|(one, _)| one.subject.as_str()).collect::<Vec<_>>(), ["Mine"]);
        db.execute("DELETE FROM users WHERE id = $1", &[&anna.user()]).await.unwrap();
        assert!(feedback::own(&db, &anna).await.unwrap().is_empty());
    }
}
