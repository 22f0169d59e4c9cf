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
register-sent-text = A letter is on its way to { $email }. Open the link in it to confirm the address. If it does not arrive, look into the spam folder.
register-sent-login = Log in and look around

login-title = Log in
login-submit = Log in
login-forgot = Forgot the password?
login-no-account = No account yet?

confirm-title = Confirm the address
confirm-text = Press the button, and the address { $email } is confirmed.
confirm-submit = Confirm the address
confirm-gone-title = This link no longer works
confirm-gone-text = It has been used, replaced by a newer one, or is more than three days old. If the address is not confirmed yet, log in and ask for another letter.
confirm-gone-login = Log in

recover-title = Recover the password
recover-lead = Enter the address of your account, and we will send a link for setting a new password.
recover-submit = Send the link
recover-back = Remembered the password?
recover-sent-title = Check your mail
recover-sent-text = If { $email } has an account, a link is on its way to it. It works for one hour.
recover-new-title = New password
recover-new-lead = For the account { $email }. All other sessions will end.
recover-new-submit = Save the password and log in
recover-gone-title = This link no longer works
recover-gone-text = It has been used, replaced by a newer one, or is more than an hour old. Ask for another link.
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
flash-confirmed = The address is confirmed. You can send mailings now.
flash-confirm-sent = A letter with the link is on its way to { $email }.
flash-confirm-done = This address is confirmed already.
flash-password-changed = The password is changed. All other sessions have ended.
flash-settings-saved = The settings are saved.

letter-hello = Hello { $name },
letter-confirm-subject = Confirm your address for Vestnik
letter-confirm-text = This address was given when registering with Vestnik. To send mailings, confirm that it is yours:
letter-confirm-button = Confirm the address
letter-confirm-until = The link works for three days. If you did not register, simply delete this letter.
letter-recover-subject = A new password for Vestnik
letter-recover-text = Someone, we hope you, asked to set a new password for the account { $email }. This is the place to do it:
letter-recover-button = Set a new password
letter-recover-until = The link works for one hour and only once. If you did not ask, delete this letter: the password stays as it is.
letter-exists-subject = You already have an account with Vestnik
letter-exists-text = Someone, perhaps you, tried to register with this address, but it has an account already. You can log in here:
letter-exists-button = Log in
letter-exists-until = If you have forgotten the password, the login page has a link for recovery. If it was not you, there is nothing to do.
letter-foot = Sent by Vestnik, the mailing service at { $host }.

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
