# Shared by all pages.

product-name = Vestnik
skip-to-content = Skip to content
close = Close
optional = optional
none-yet = no data
none-yet-dash = –
cancel = Cancel
save = Save
show = Show
reset = Reset
placeholder-full-name = [full name]
placeholder-email = [email]
placeholder-comment = [comment]

nav-sections = Sections
nav-main = Main sections
nav-dashboard = Overview
nav-mailings = Mailings
nav-messages = Messages
nav-recipients = Recipients
nav-reports = Reports
nav-caught = Caught mail
nav-settings = Settings
nav-more = More
new-mailing = New mailing
log-in = Log in
log-out = Log out

switch-language = Language
switch-theme-dark = Dark theme
switch-theme-light = Light theme

banner-mail-locked = Nothing is sent: the mail server’s password has to be entered again.
banner-mail-locked-open = Enter it
banner-held = This copy was made of a backup of { $time }. Nothing is sent from it until an administrator says so.
banner-held-open = Look and decide
banner-catcher = Mail does not leave this server: letters stay in the catcher, where you can read them.
banner-catcher-open = Open the catcher
banner-unconfirmed = Confirm the address { $email } to send mailings. The link is in the letter we sent you.
banner-confirm-again = Confirm the address { $email } once more to go on sending mailings. Emails really go out now, and we have sent you a link.
banner-unconfirmed-resend = Send it again
banner-second-factor = The pages under “Manage” stay closed until you set up two-factor login: the administrators require it.

form-errors-title = Please check these fields
pager-label = Pages
pager-previous = Back
pager-next = Next

visitor-foot = Vestnik — mailings on a server of your own

length-seconds = { $n } s
length-minutes = { $n } min
length-hours = { $n } h
length-days = { $n } { $n ->
    [one] day
   *[other] days
}

count-recipients = { $n } { $n ->
    [one] recipient
   *[other] recipients
}
count-mailings = { $n } { $n ->
    [one] mailing
   *[other] mailings
}

home-title = Mailings where you see every single letter
home-lead = Gather recipients, write a message, send it now or on a schedule — and read for every address what the mail server answered.
home-register = Create an account

error-home = To the start page
error-request-id = Request number:
error-400-title = We did not understand that
error-400-text = Your browser sent something that our pages never send. Go back and try again.
error-403-title = Not allowed
error-403-text = Your account does not have the right to do this.
error-second-factor-title = Two-factor login comes first
error-second-factor-text = You have the right to do this, but the administrators require two-factor login of everyone who may manage. Set it up, and the page opens.
error-404-title = There is no such page
error-404-text = It may have been deleted, the address may be mistyped, or it belongs to another account.
error-405-title = This page does not open that way
error-405-text = Go back and try again.
error-413-title = That is too large
error-413-text = What was sent is larger than we can take. Make the file or the text smaller.
error-429-title = Too many attempts
error-429-text = Try again in { $minutes } { $minutes ->
    [one] minute
   *[other] minutes
}.
error-busy-title = Too much at once
error-busy-text = You already have several searches, files, or uploads under way. Wait until one of them is done, or close a tab, and try again.
error-500-title = Something broke on our side
error-500-text = The error has been logged. Try again; if that does not help, give the administrator the request number.
error-503-title = The page took too long
error-503-text = The server is too busy right now. Try again in a minute.
error-too-long-title = This took too long
error-too-long-text = The request was stopped because it took too long. Search for something more specific or choose a shorter period.
error-cross-site-title = The form came from another site
error-cross-site-text = For your safety we only take forms from our own pages. Open the page you need and send the form again.
