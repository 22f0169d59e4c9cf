# Mailings: the list, the form, the review before sending, progress, attempts; overview.

mailing = Mailing
mailing-status = Status
mailing-status-created = Created
mailing-status-running = Running
mailing-status-completed = Completed
mailing-disabled = Disabled
mailing-next = Next sending:
mailing-last = Newest sending:
mailing-sent = Sent
mailing-failed = Not delivered
mailing-total-sent = Sent in all
mailing-total-failed = Not delivered in all
mailing-total-attempts = Attempts in all
mailing-about = About the mailing
mailing-message = Message
mailing-message-choose = Choose a message
mailing-no-messages = No messages yet
mailing-write-message = Write a message
mailing-name = Name
mailing-name-help = Only you see it. Left empty, the subject of the message will do.
mailing-recipients = Recipients
mailing-what = What to send
mailing-to-whom = To whom
mailing-when = When
mailing-starts = Start
mailing-starts-help = If this time has passed already, sending begins at once, after the time to undo.
mailing-ends = End
mailing-ends-help = Letters that are not sent by then will not go out any more.
mailing-zone-help = By the clock of this zone.
mailing-no-end = No limit
mailing-on-demand = On demand
mailing-periodicity = Repeat
mailing-send-now = Send
mailing-edit = Edit
mailing-edit-title = Edit the mailing
mailing-delete = Delete
mailing-delete-title = Delete the mailing “{ $name }”?
mailing-delete-text = Its sendings and all answers of the mail servers go with it. They cannot be brought back.
mailing-delete-do = Delete the mailing
mailing-keep = Keep it
mailing-more = More
mailing-enable = Enable
mailing-disable = Disable
mailing-disable-title = Disable the mailing “{ $name }”?
mailing-disable-text = While it is disabled nothing of it is sent: planned sendings are cancelled, and there is no button to send it.
mailing-disable-going = The sending that is going on is cancelled, too: whoever has not got the letter will not get it.
mailing-disable-reason = Reason
mailing-disable-reason-help = Everyone who opens the mailing will see it.
mailing-disable-do = Disable the mailing
mailing-disable-keep = Do not disable
mailing-disabled-since = The mailing is disabled since { $time }
mailing-disabled-reason = Reason: { $reason }
mailing-disabled-by-manager = A manager has disabled it, and only a manager can enable it. Nothing more is sent.
mailing-disabled-text = While it is disabled nothing of it is sent. Once enabled, it goes out from its next planned time on; what was missed is not made up for.
mailing-seldom = If the server’s answer gets lost
mailing-unknown = A letter is handed over and the mail server’s answer does not come
mailing-unknown-help = This happens when a connection breaks. There is no way to know whether such a letter has arrived.
unknown-hold = Do not send it again
unknown-hold-help = Nobody gets it twice. We show you who they are, and you decide
unknown-resend = Send it again
unknown-resend-help = Nobody goes without it, but some may get a second copy
mailing-back = Back to the mailing
mailing-save = Save the mailing
mailings-empty-title = No mailings yet
mailings-empty-text = Choose a message and recipients, send at once or set a time. This page will show how it went.

periodicity-once = once
periodicity-daily = every day
periodicity-weekly = every week
periodicity-monthly = every month

audience-all = All recipients
audience-chosen = Chosen recipients
audience-all-help = Everyone who is in the list when it is sent
audience-keep = Keep those chosen before
audience-choose = Choose
audience-choose-help = Search by address, name or comment, and tick

choose-search = Search
choose-find = Find
choose-name = Full name
choose-page = Tick everyone on this page
choose-all-matching = All who match: { $n }
choose-all = Everyone in the list: { $n }
choose-carried = Ticked in earlier searches: { $n }
choose-more = Not all { $n } are shown. Narrow the search, or tick all who match.
choose-nothing = No one was found. Try a part of the address or the name.
choose-no-recipients = There is no one in the list yet.
choose-add = Add recipients

when-demand = On demand
when-demand-help = We save the mailing; you check everything and send it yourself
when-planned = On schedule
when-planned-help = We send it at the time you set

problem-start-missing = Say when to start.
problem-nobody-chosen = Tick at least one recipient.
problem-nobody-gets-it = No one would get this mailing: add recipients or choose others.
problem-unconfirmed = For a mailing to go out by itself, first confirm your address: the link is in our letter. Until then you can save it for sending on demand.

review-title = Review and send
review-steps = Steps
review-step-mailing = Mailing
review-letter = What people will get
review-sample = This is how { $email } will see it
review-change = Change
review-open = Open
review-checks = Checks
review-before-title = This mailing was sent before: { $time }
review-before-text = It went to { $n } { $n ->
    [one] recipient
   *[other] recipients
}. If you send it again, they get it once more.
review-before-missed = Send only to those not reached ({ $n })
review-going = This mailing is being sent right now.
review-going-open = Watch it go
review-send = Send to { $n } { $n ->
    [one] recipient
   *[other] recipients
}
review-test = We send this letter to you at { $email } and to no one else.
review-later = Send later
review-later-when = Date and time
review-later-help = { $zone }. It goes out by itself then.
review-later-more = Repetition, end and time zone
review-later-do = Plan for { $n } { $n ->
    [one] recipient
   *[other] recipients
}
review-leave = Back to the mailing without sending
mailing-late-title = The start lies { $days } { $days ->
    [one] day
   *[other] days
} in the past
mailing-late-text = The mailing begins at once, to { $n } { $n ->
    [one] recipient
   *[other] recipients
}. If another date was meant, correct the start above.
mailing-late-do = Begin at once, to { $n } { $n ->
    [one] recipient
   *[other] recipients
}
review-undo = You will have { $n } { $n ->
    [one] second
   *[other] seconds
} to undo.

check-recipients = { $n ->
    [one] { $n } person will get it
   *[other] { $n } people will get it
}
check-no-recipients = No recipients: there is no one to send to
check-renders = { $n ->
    [0] The placeholders work
    [one] The placeholders work for the one recipient
   *[other] The placeholders work for all { $n } recipients
}
check-renders-for-some = { $n ->
    [one] The placeholders work: tried for { $n } recipient from the list
   *[other] The placeholders work: tried for { $n } recipients from all over the list
}
check-fails-for = { $n ->
    [one] { $n } recipient will not get the email: it cannot be rendered for them.
   *[other] { $n } recipients will not get the email: it cannot be rendered for them. One of them:
}
check-fails-for-some = { $n ->
    [one] The email cannot be rendered for { $n } of the recipients that were tried:
   *[other] The email cannot be rendered for { $n } of the recipients that were tried. One of them:
}
check-not-tried = Not all placeholders were tried. { $detail }
check-embedded-pictures = { $n ->
    [one] A picture is embedded in the HTML (data:). Gmail and Outlook do not show it: upload it and use its address
   *[other] { $n } pictures are embedded in the HTML (data:). Gmail and Outlook do not show them: upload them and use their addresses
}
check-subject-entities = The subject is not HTML, and codes such as &amp; arrive as they are. You may mean: { $detail }
check-broken = The email cannot be rendered. { $detail }
check-size = { $n } KB, no mail program will clip it
check-clipped = { $n } KB: Gmail clips letters above 102 KB
check-notice = { $detail }
check-text-only = Plain text, no formatting
check-text-made = The text version will be made from the HTML
check-unconfirmed = Confirm the address { $detail } to send mailings
check-window-over = The end has passed. Change it to send
check-disabled = The mailing is disabled. Enable it to send
check-catcher = Letters stay in the catcher and do not go out

run = Sending
runs = Earlier sendings
runs-empty = No earlier sendings.
run-time = Time
run-recipients = Recipients
run-state-planned = About to begin
run-state-expanding = Being prepared
run-state-sending = Sending
run-state-paused = Paused
run-state-stopping = Being cancelled
run-state-completed = Completed
run-state-cancelled = Cancelled
run-state-missed = Missed
run-attempts = Server answers
run-sent = Sent
run-failed = Refused
run-pending = Waiting
run-expired = Expired
run-skipped = Skipped
run-unknown = Unknown
run-cancelled = Cancelled
run-attempts-made = Attempts
run-rate = Rate
run-rate-value = { $n }/s
run-done-of = { $done } of { $all }
run-left = about { $time } left
run-progress = Progress
run-finished = Newest sending
run-planned-text = No letter has left yet: there is time to undo.
run-undo-left = Sending begins in
run-undo-seconds = s
run-undo-over = Sending has begun
run-undo = Undo
run-pause = Pause
run-resume = Resume
run-paused-since = Nothing has been sent since { $time }.
run-paused-now = Nothing is being sent now.
run-put-off = Whoever is left waits for now. The next try: { $time }.
run-put-off-whom = Who waits, and why
run-paused-wait = { $n ->
    [0] { "" }
    [one] { $n } recipient is waiting.
   *[other] { $n } recipients are waiting.
}
run-unrenderable-title = The message cannot be rendered, so the run is paused
run-unrenderable-for = Preparing the email for { $email } used up the service’s memory or time and ended it. Nobody else was affected: other mailings go on, and those who have the email already keep it.
run-unrenderable-for-all = Preparing the message used up the service’s memory or time and ended it. Nobody else was affected: other mailings go on.
run-unrenderable-do = Simplify the template or change this recipient’s data. Then cancel this run and send again to those who were not reached: a run keeps the message it began with.
run-refused-title = The mail server does not take this sending’s letters
run-refused-text = It would say so to the others, too, so the sending has paused by itself. They wait, and do not count as failed.
run-refused-do = Mail comes from { $sender }. See what the server objects to: the sender’s address, the letter, or your limit at the provider. Mend it, then resume; those who were refused already can be sent to again. Another letter goes out in a new sending only.
run-broken-title = The message cannot be rendered
run-broken-do = Nothing was sent to those who are still waiting. This run keeps the text that it began with: cancel it, correct the message and send again.
mailing-broken-title = The message of this mailing has an error and cannot be sent
mailing-broken-edit = Correct the message
run-stopping-text = The sending is being cancelled. { $pending ->
    [one] { $pending } letter will not go out any more.
   *[other] { $pending } letters will not go out any more.
}
run-cancel = Cancel sending
run-cancel-title = Cancel this sending?
run-cancel-sent = { $n ->
    [0] The letter has gone to nobody yet.
    [one] The letter has gone to { $n } recipient already.
   *[other] The letter has gone to { $n } recipients already.
}
run-cancel-pending = { $n ->
    [one] { $n } more recipient will not get it.
   *[other] { $n } more recipients will not get it.
}
run-cancel-early = The sending is still being prepared. Whoever the letter has not gone to will not get it.
run-cancel-moment = Letters that are being handed over at this moment may still arrive. You can send to those who did not get it later.
run-cancel-do = Cancel the sending
run-cancel-keep = Do not cancel

again-title = Who has not got it
again-title-unknown = Whether it has arrived
again-failed = Retry { $n } failed { $n ->
    [one] letter
   *[other] letters
}
again-failed-text = We try once more only where the server refused. Nobody who has got it gets a second letter.
again-missed = Send to { $n } { $n ->
    [one] recipient
   *[other] recipients
} not reached
again-missed-text = Not reached: those whom the server refused, whose time ran out, or whose sending was cancelled. Nobody who has got it gets a second letter.
again-over = The end of the mailing has passed, so nothing can be sent again.
again-over-edit = Change the end
again-unknown-title = { $n ->
    [one] Nobody knows whether { $n } letter has arrived
   *[other] Nobody knows whether { $n } letters have arrived
}
again-unknown-text = The mail server received them in full, but the connection broke before it answered. They may have arrived, or not.
again-unknown = Send again to { $n } { $n ->
    [one] recipient
   *[other] recipients
}
again-unknown-ask = Send again without knowing whether the first letter arrived?
again-unknown-warn = { $n ->
    [one] If the first letter has arrived, { $n } recipient gets a second copy.
   *[other] Of { $n } recipients, those whose first letter has arrived get a second copy.
}
again-unknown-keep = Do not send

live-lost = The connection to the server is lost. These are the last known figures; we keep trying.

outage-title-unreachable = The mail server { $server } has been unreachable since { $time }
outage-text-unreachable = We cannot connect to it. Emails wait and no attempts are used up. We try again every few seconds and go on as soon as it answers.
outage-title-rejecting = The mail server { $server } has been refusing to work with us since { $time }
outage-text-rejecting = No session can begin. Emails wait and no attempts are used up. If this does not change within a few minutes, check the settings of the mail server, or show its answer to its administrator.
outage-title-deferring = The mail server { $server } has been asking us to wait since { $time }
outage-text-deferring = It takes connections, but answers “later” to every email. We have slowed down to one email at a time, at least every half a minute. The others wait and go out as soon as it takes them.
outage-title-local = No emails can be handed over to the mail server { $server } since { $time }
outage-text-local = The trouble is on our side, not at the mail server: often a disk is full. Emails wait and no attempts are used up. The administrator finds the details in the log of the service.
outage-past-unreachable = The mail server { $server } was unreachable from { $from } to { $until }
outage-past-rejecting = The mail server { $server } refused to work with us from { $from } to { $until }
outage-past-deferring = The mail server { $server } put all emails off from { $from } to { $until }
outage-past-local = No emails could be handed over to the mail server { $server } from { $from } to { $until }
outage-reason-unreachable = The mail server was unreachable.
outage-reason-rejecting = The mail server refused to work with us.
outage-reason-deferring = The mail server put all emails off.
outage-reason-local = The service could not hand emails over.
run-sent-nothing = { $state }: nothing was sent
run-nothing-sent = Nothing was sent.
run-nothing-expired = { $n } { $n ->
    [one] email
   *[other] emails
} expired: the end of the mailing came first.
dashboard-outages = Outages of the mail server
mailing-report-outages = Outages of the mail server

failures = Why mail was not delivered
failures-newest = newest sending

attempts-title = Server answers
attempts-lead = Every try to hand over a letter, and what the mail server answered.
attempts-csv = Download CSV
attempts-empty-title = Nothing here
attempts-empty-text = No attempt matches. Reset the filter, or wait for the sending.
attempt-recipient = Recipient
attempt-time = Time, { $zone }
attempt-result = Result
attempt-successful = successful
attempt-failed = not successful
attempt-unknown = no answer; may have arrived
attempt-code = Reply code
attempt-reply = Server's answer
attempt-text = Address or words of the answer
attempt-number = Attempt { $n }
attempt-duration = { $n } ms
filter-any = Any
filter-any-run = All

csv-time = time
csv-successful = result
csv-code = code
csv-enhanced = enhanced code
csv-reply = server's answer
csv-message-id = message id
csv-number = attempt number
csv-error = what happened

figure-sent = Letters sent
figure-sent-month = in 30 days: { $n }
figure-delivered = Taken by servers
figure-failed = refused: { $n }
figure-not-delivered = Not delivered
figure-attempts = Attempts in all
figure-attempts-ok = Successful attempts
figure-attempts-failed = Unsuccessful attempts

start-title = Where to begin
start-done = done
start-confirm = Confirm your address
start-confirm-text = Follow the link in the letter that you got when you signed up. Nothing is sent before that.
start-recipients = Gather recipients
start-recipients-text = Add addresses one by one, or upload a CSV table.
start-recipients-do = Add recipients
start-message = Write a message
start-message-text = A subject and a text; each letter carries its reader's name.
start-message-do = Write a message
start-mailing = Put a mailing together
start-mailing-text = A message, its recipients and a time: at once or on a schedule.
start-mailing-do = Create a mailing
start-send = Send it
start-send-text = Everything is checked before it goes out. For every address you will see the server's answer.
start-send-do = Check and send
dashboard-upcoming = Coming up
dashboard-reasons = Not delivered in 30 days
figure-sent-change = { $n } on the 30 before
dashboard-recent = Recent mailings
dashboard-all = All mailings
dashboard-month = Letters in 30 days
dashboard-report = Full report

flash-mailing-at-once = { $seconds ->
    [0] The mailing is saved. Its start has passed already, so it is being sent now.
    [one] The mailing is saved. Its start has passed already, so it begins in { $seconds } second. Until then you can undo it here.
   *[other] The mailing is saved. Its start has passed already, so it begins in { $seconds } seconds. Until then you can undo it here.
}
flash-mailing-planned = The mailing is saved and goes out by itself at the set time.
flash-mailing-saved = The mailing is saved. Nothing more is planned: it goes out only when you send it.
flash-mailing-deleted = The mailing “{ $name }” is deleted.
flash-mailing-disabled = The mailing is disabled. Enable it to send.
flash-mailing-off = The mailing is disabled. Nothing of it is sent until you enable it.
flash-mailing-on = The mailing is enabled.
flash-mailing-disabled-already = The mailing is disabled already.
flash-mailing-enabled-already = The mailing is enabled already.
flash-mailing-saved-disabled = The mailing is saved. It is disabled, so nothing is sent until you enable it.
flash-mailing-running = The mailing is being sent; it can be deleted when that is over.
flash-run-undone = The sending is cancelled, not one letter has left.
flash-run-too-late = Too late to undo: sending has begun.
flash-run-continues = The sending before is not over yet; it goes on.
flash-run-paused = The sending is paused. Letters that were being handed over still go out, the others wait.
flash-run-not-paused = There is nothing to pause: the sending is not going on any more.
flash-run-resumed = The sending goes on.
flash-run-not-resumed = It cannot be resumed: this sending is not paused.
flash-run-cancelled = The sending is being cancelled: whoever has not got the letter will not get it.
flash-run-not-cancelled = There is nothing to cancel: this sending is over or being cancelled already.
flash-again-waiting = { $n ->
    [one] { $n } letter is in the queue again.
   *[other] { $n } letters are in the queue again.
}
flash-again-nothing = There is nothing to send again: this sending has no such recipients any more.
flash-again-not-now = The sending is still being prepared or cancelled. Try again in a minute.
flash-run-window-over = The end of the mailing has passed. Change it to send.
flash-run-pressed-before = This page was sent before, and that sending is over or undone. Press the button here to send once more.
flash-run-window-soon = The end of the mailing comes before the time to undo is over. Change it to send.
flash-run-no-recipients = No recipients: there is no one to send to.
flash-run-broken = The message has an error and cannot be sent. Correct it first.
flash-run-unconfirmed = Confirm your address to send mailings.

fates-title = Who got it
fates-lead = Every recipient of a sending, and what became of their letter.
fates-text = Address
fates-last = Last attempt, { $zone }
fates-last-short = Last attempt
fates-attempts = { $n ->
    [one] { $n } attempt
   *[other] { $n } attempts
}
fates-empty-title = Nobody here
fates-empty-text = No recipient matches, or nothing has been sent yet.
fate = Result
fate-sent = sent
fate-failed = refused
fate-waiting = waiting
fate-expired = expired
fate-unknown = unknown
fate-skipped = skipped
fate-cancelled = cancelled
fate-why-expired = The window’s end came first.
fate-why-unknown = The answer was lost; it may have arrived.
fate-why-skipped = Deleted from the list before their turn.
fate-why-cancelled = The sending was called off.
csv-full-name = name
csv-fate = result
