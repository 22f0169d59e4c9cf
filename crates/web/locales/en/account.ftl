# Accounts: registration, login, recovery, settings.

field-email = Email
field-name = Name
field-password = Password
field-language = Language
field-time-zone = Time zone
field-theme = Appearance

register-title = Create an account
register-lead = We will send a letter to make sure that the address is yours. You can look around right away.
register-name-help = This is how we address you, and usually the name that your mailings come from.
register-password-help = At least 10 characters. A long phrase is safer than a complicated word.
register-submit = Create the account
register-have-account = Already have an account?
register-sent-title = Check your mail
register-sent-text = An email is on its way to { $email }. Open the link in it to confirm the address. If it does not arrive, look into the spam folder; an address gets no more than three such emails a day.
register-sent-login = Log in and look around

login-title = Log in
login-submit = Log in
login-forgot = Forgot the password?
login-no-account = No account yet?

login-code-title = Confirm it is you
login-code-lead = Open your authenticator app and enter the six digits that it shows.
login-code-recovery-lead = Enter one of the recovery codes that you kept when you set this up. Each of them works once.
login-code-recovery = Use a recovery code
login-code-app = Use a code from the app
login-code-other = Not you?
login-code-again = Use another account
field-code = Code from the app
field-recovery-code = Recovery code

confirm-title = Confirm the address
confirm-text = Press the button, and the address { $email } is confirmed.
confirm-text-password = To confirm the address { $email }, enter the password that you chose when you registered.
confirm-not-mine = You did not register? Then do nothing: the address stays unconfirmed, and nothing can be sent from this account. If you want it for yourself, set a new password.
confirm-submit = Confirm the address
confirm-gone-title = This link no longer works
confirm-gone-text = It has been used, replaced by a newer one, or is more than three days old. If the address is not confirmed yet, log in and ask for another letter.
confirm-gone-login = Log in

recover-title = Recover the password
recover-lead = Enter the address of your account, and we will send a link for setting a new password.
recover-submit = Send the link
recover-back = Remembered the password?
recover-sent-title = Check your mail
recover-sent-text = If { $email } has an account, a link is on its way to it. It works for one hour. An address gets no more than three such emails an hour.
recover-new-title = New password
recover-first-title = Set a password
recover-new-lead = For the account { $email }. All other sessions will end.
recover-first-lead = For the account { $email }.
recover-new-submit = Save the password and log in
recover-gone-title = This link no longer works
recover-gone-text = It has been used, replaced by a newer one, or its time is over. Ask for another link.
recover-gone-again = Ask again

settings-title = Settings
settings-profile = Profile
settings-security = Security
settings-email-confirmed = The address is confirmed
settings-email-unconfirmed = The address is not confirmed
settings-time-zone-help = Dates are shown, and times of mailings suggested, in this zone.
settings-theme-auto = As the system does
settings-theme-light = Light
settings-theme-dark = Dark
settings-save = Save the settings
settings-password = Password
settings-password-lead = After a change of the password other devices have to log in again.
settings-password-current = Current password
settings-password-new = New password
settings-password-save = Change the password

flash-welcome = Hello, { $name }!
flash-logged-out = You have logged out.
flash-login-again = The time for the code is over. Please log in again.
flash-welcome-recovery = You have logged in with a recovery code. { $left ->
    [0] It was the last one: make new ones in the security settings.
    [one] { $left } code is left.
   *[other] { $left } codes are left.
}
flash-confirmed = The address is confirmed. You can send mailings now.
flash-confirm-sent = A letter with the link is on its way to { $email }.
flash-confirm-done = This address is confirmed already.
flash-password-changed = The password is changed. All other sessions have ended.
flash-password-recovered-alone = The password is changed, and the address is confirmed. It had not been confirmed before, so the two-factor login that was set up for this account was removed.
flash-password-first = The password is set. Welcome!
flash-settings-saved = The settings are saved.

letter-hello = Hello { $name },
letter-confirm-subject = Confirm your address for { $service }
letter-confirm-text = This address was given when registering with { $service }. To send mailings, confirm that it is yours:
letter-confirm-button = Confirm the address
letter-confirm-until = The link works for three days. If you did not register, simply delete this letter.
letter-confirm-again-subject = Confirm your address for { $service } once more
letter-confirm-again-text = { $service } now sends real mail. Until now every email stayed inside it, so nobody knows yet whether emails to { $email } arrive. To go on sending mailings, confirm the address:
letter-confirm-again-button = Confirm the address
letter-confirm-again-until = The link works for three days. If you have no account there, simply delete this email.
letter-recover-subject = A new password for { $service }
letter-recover-text = Someone, we hope you, asked to set a new password for the account { $email }. This is the place to do it:
letter-recover-button = Set a new password
letter-recover-until = The link works for one hour and only once. If you did not ask, delete this letter: the password stays as it is.
letter-exists-subject = You already have an account with { $service }
letter-exists-text = Someone, perhaps you, tried to register with this address, but it has an account already. You can log in here:
letter-exists-button = Log in
letter-exists-until = If you have forgotten the password, the login page has a link for recovery. If it was not you, there is nothing to do.
letter-foot = Sent by { $service }, the mailing service at { $host }.

# Profile
field-phone = Phone
field-city = City
settings-avatar = Picture
settings-avatar-yours = Your picture
settings-avatar-file = File
settings-avatar-help = JPEG, PNG, WebP or GIF, up to 8 MB. A square is cut out of the middle.
settings-avatar-save = Upload
settings-avatar-remove = Remove the picture
settings-sessions = Where you are signed in
settings-session-browser = Browser
settings-session-address = Network address
settings-session-seen = Last used
settings-session-unknown = Unknown browser
settings-session-current = this browser
settings-session-end = End
flash-avatar-saved = The picture is saved.
flash-avatar-removed = The picture is removed.
flash-session-ended = The session has ended.

# Two-factor login
factor-title = Two-factor login
factor-is-on = On
factor-is-off = Off
factor-text = After the password we also ask for a code that changes every half minute in an app on your phone. A stolen password is then not enough to get in. Any authenticator app will do: Google Authenticator, Aegis, 1Password, Bitwarden.
factor-set-up = Set it up
factor-since = On since
factor-codes = Recovery codes
factor-codes-left = { $n ->
    [0] none left
   *[other] { $n } left
}
factor-codes-make = Make new ones
factor-codes-few = You are running out of recovery codes. Without them, and without your phone, there is no way in: make new ones.
factor-move = Another phone
factor-off = Switch off
factor-required = It cannot be switched off: the administrators require two-factor login of everyone who may manage. You can still move it to another phone.
factor-steps = Steps of the set-up
factor-step-password = Password
factor-step-app = App
factor-step-codes = Recovery codes

factor-ask-start-title = Set up two-factor login
factor-ask-start-text = First, let us make sure that it is you.
factor-ask-start-submit = Continue
factor-ask-move-title = Another phone
factor-ask-move-text = The app you have goes on working until you have entered a code from the new one. If you no longer have it, enter a recovery code.
factor-ask-move-submit = Continue
factor-ask-codes-title = New recovery codes
factor-ask-codes-text = The codes you have will stop working.
factor-ask-codes-submit = Make new codes
factor-ask-off-title = Switch off two-factor login?
factor-ask-off-text = The password alone will be enough again. The recovery codes stop working.
factor-ask-off-submit = Switch off
factor-code-help = A recovery code will do as well.

factor-app-title = Add the account to your app
factor-app-text = Open your authenticator app, choose “Add”, and point the camera at the picture.
factor-app-typed = Without a camera, type this key (time-based, six digits):
factor-app-here = Open the app on this device
factor-app-code-help = The six digits that the app now shows for this account. If they do not fit, check the clock of the phone.
factor-app-submit = Switch on
factor-qr = QR code for the app. The key beside it says the same and can be typed.
factor-copy = Copy
factor-copied = Copied

factor-codes-done-title = Two-factor login is on
factor-codes-done-text = Your sessions on other devices have ended: log in there again, with a code.
factor-codes-lead = Each of these codes stands in once for a code from the app, when you do not have your phone. Keep them where they do not get lost together with the phone: print them, or put them into a password manager.
factor-codes-once = We will not show them again.
factor-codes-of = Recovery codes: { $service }, { $email }
factor-codes-file = recovery-codes.txt
factor-codes-download = Download
factor-codes-print = Print
factor-codes-kept = I have kept them

flash-factor-off = Two-factor login is off.
flash-factor-gone = The time for the set-up is over. Please begin again.
flash-factor-confirm-first = Confirm your address first. Two-factor login can be set up after that.
flash-factor-required = It cannot be switched off: the administrators require two-factor login of everyone who may manage.

letter-factor-on-subject = Two-factor login to { $service } is on
letter-factor-on-text = Two-factor login was switched on for the account { $email }: beside the password, a code from an app is needed now. Sessions on other devices have ended.
letter-factor-on-button = Open the settings
letter-factor-on-until = If this was not you, set a new password by the link on the login page, and write to the people who run this service.
letter-factor-off-subject = Two-factor login to { $service } is off
letter-factor-off-text = Two-factor login was switched off for the account { $email }: the password alone is enough now.
letter-factor-off-button = Open the settings
letter-factor-off-until = If this was not you, change the password at once and switch two-factor login on again.
letter-factor-reset-subject = Two-factor login to { $service } was reset
letter-factor-reset-text = An administrator has reset two-factor login for the account { $email }: for now the password is enough to log in. All sessions have ended.
letter-factor-reset-button = Log in
letter-factor-reset-until = Log in and set it up again. If you did not ask for this, write to the people who run this service.
