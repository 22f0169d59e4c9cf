# The contacts page and its inbox; the page about caches.

contacts-title = Contacts
contacts-lead = Questions, ideas, something that does not work: write to us, and a person will read it.
contacts-known = How to reach us
contacts-write = Write to us
contacts-name = Your name
contacts-email = Your email
contacts-email-help = The answer goes there.
contacts-subject = Subject
contacts-text = What you want to say
contacts-more = Leave this field empty
contacts-send = Send
contacts-sent-title = Thank you, it is here
contacts-sent-text = We will read it and reply to { $email }.
contacts-sent-home = To the first page
problem-feedback-hasty = That was faster than a person types, so we would like to be sure: please press the button once more.
problem-feedback-often = Several messages have come from your network within an hour. Nothing of what you typed is lost: send it again in { $minutes ->
    [one] { $minutes } minute
   *[other] { $minutes } minutes
}.

manage-feedback = Feedback
feedback-open-page = Open the contacts page
feedback-unread = { $n ->
    [0] Everything has been read.
    [one] { $n } not read yet.
   *[other] { $n } not read yet.
}
feedback-state = State
feedback-show-all = All
feedback-show-new = New
feedback-show-answered = Answered
feedback-show-spam = Spam
feedback-new = New
feedback-read = Read
feedback-answered = Answered
feedback-spam = Spam
feedback-search = Name, email or subject
feedback-from = From
feedback-sent-at = Sent
feedback-none-title = Nothing here
feedback-none-text = What people write on the contacts page comes here, and by mail to those who may answer it.
feedback-account = their account
feedback-mark-spam = It is spam
feedback-no-spam = Not spam
feedback-mark-unread = Mark as unread
feedback-delete = Delete
feedback-delete-title = Delete “{ $subject }”?
feedback-delete-text = It goes with all answers to it, and cannot be brought back.
feedback-answer-title = Answer
feedback-answer = Your answer
feedback-answer-help = It goes by mail to { $email }, together with what they wrote.
feedback-answer-send = Send the answer
feedback-answer-of = Answer of { $name }
feedback-letter-sent = The mail server took it
feedback-letter-failed = Not delivered
feedback-letter-pending = On its way
feedback-server-said = The mail server said:
flash-feedback-answered = The answer is on its way.
flash-feedback-spam = Put aside as spam. It is removed after 30 days.
flash-feedback-no-spam = Back among the others.
flash-feedback-unread = Marked as unread.
flash-feedback-deleted = Deleted.

problem-feedback-answered = A colleague has answered meanwhile: read it above. Yours is still here, if it is wanted.

letter-quote = You wrote:
letter-feedback-subject = Contacts page: { $topic }
letter-feedback-text = { $other } wrote on the contacts page:
letter-feedback-button = Read and answer
letter-feedback-until = Answer in the inbox, not to this letter: then your colleagues see that it is answered.
letter-feedback-more-subject = More messages on the contacts page
letter-feedback-more-text = Very much has been written on the contacts page within an hour. You get no copies by mail for now; everything is in the inbox.
letter-feedback-more-button = Open the inbox
letter-feedback-more-until = If it is spam, mark it as such: it is removed after 30 days.
letter-feedback-answer-subject = Re: { $topic }
letter-feedback-answer-text = Thank you for writing to us. Here is our answer:
letter-feedback-answer-button = Write to us again
letter-feedback-answer-until = To write again, use the button: answers to this letter are not read. If you did not write to us, someone gave your address by mistake: simply delete this letter.

manage-caches = Caches
caches-lead = What was made once and is shown again, in this process since its start. Nothing is lost when it is made anew.
caches-memory = Memory, kB
caches-memory-of = of { $most } at most
caches-redis-up = Works
caches-redis-refusing = Takes nothing new
caches-redis-down = Not reachable
caches-redis-none = Not used
caches-redis-since = { $n ->
    [0] Since a moment ago:
    [one] For { $n } minute:
   *[other] For { $n } minutes:
}
caches-region = What is kept
caches-hits = Hits
caches-from-memory = From memory
caches-from-redis = From Redis
caches-made = Made
caches-entries = Entries
caches-kilobytes = { $n } kB
caches-fresh = { $n ->
    [one] fresh for { $n } second
   *[other] fresh for { $n } seconds
}
caches-forget = Make anew
caches-forget-region = Make anew: { $region }
flash-cache-forgotten = It is made anew at the next look, on every node.
cache-home = First page
cache-home-figures = Figures and articles of the first page
cache-home-unique = Recipients, each counted once
cache-articles = List of articles
cache-article = Articles
cache-feed = Feed and site map
cache-users = List of users
cache-days = Days of charts
cache-breakdown = Domains and answers of reports
