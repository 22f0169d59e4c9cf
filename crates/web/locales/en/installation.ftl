# Settings of the service, and the first start.

manage-settings-lead = They hold for all users and all nodes.
manage-settings-general = General
manage-settings-mail = Mail

held-title = Nothing is sent
held-text = On { $restored } this database was restored from a backup of { $backup }. What was sent after the backup is not known here.
held-original = If the service that the backup was made of is still running, it goes on sending by itself. Let only one of the two send.
held-then = When you let mail go out:
held-planned = { $n ->
    [one] { $n } planned mailing goes out
   *[other] { $n } planned mailings go out
} by schedule from the next date on.
held-passed = { $n ->
    [one] The dates of { $n } mailing have passed meanwhile: they are noted as missed, and nothing is sent for them.
   *[other] The dates of { $n } mailings have passed meanwhile: they are noted as missed, and nothing is sent for them.
}
held-paused = { $n ->
    [one] { $n } paused sending stays paused until you resume it
   *[other] { $n } paused sendings stay paused until you resume each of them
}. See first whom they might reach twice.
held-going = { $n ->
    [one] { $n } sending that was begun or resumed here goes at once.
   *[other] { $n } sendings that were begun or resumed here go at once.
}
held-letters = { $n ->
    [one] { $n } letter of the service goes at once.
   *[other] { $n } letters of the service go at once.
}
held-resume = Let mail go out

setting-name = Service name
setting-name-help = Stands at the top, in page titles and in letters of the service in place of “Vestnik”.
setting-language = Default language
setting-language-help = For those who have not chosen one, and whose browser asks for neither Russian nor English.
setting-time_zone = Default time zone
setting-time_zone-help = Offered at registration when the browser does not name its own.
setting-registration = Who may get an account
setting-registration-open = Anyone: registration is open
setting-registration-invited = Only those an administrator invites
setting-allowed_domains = Allowed domains
setting-allowed_domains-help = Only addresses in these domains may register. Empty: all.
setting-session_days = Days to stay signed in
setting-session_days-help = Whoever stays away for that long has to log in again. From 1 to 365.
setting-session_limit_days = Days until everyone logs in again
setting-session_limit_days-help = Counted from the login, even if the browser is used every day. From 1 to 365.
setting-second_factor = Two-factor login
setting-second_factor-optional = For those who want it
setting-second_factor-required = Required of managers and administrators
setting-second_factor-help = Until someone has set it up, they may only work with their own mailings.
setting-contacts = How to reach you
setting-contacts-help = Address, phone, working hours, in lines: shown on the contacts page.
setting-mail_server = Mail server
setting-mail_password = Password of the mail server
setting-mail_from = Sender

mail-route = Where mail goes
mail-route-catcher = Into the catcher
mail-route-catcher-help = Nobody gets anything, and you can read the letters right here. Good for getting to know Vestnik.
mail-route-server = Through a mail server
mail-route-server-help = Your own, or a paid delivery service.
mail-host = Server
mail-port = Port
mail-port-help = Left empty, it is the usual one for the encryption chosen.
mail-encryption = Encryption
mail-encryption-starttls = STARTTLS, usually port 587
mail-encryption-tls = TLS from the start, usually port 465
mail-encryption-optional = STARTTLS if the server offers it
mail-encryption-none = None, inside your own network only
mail-user = User name
mail-user-help = Leave it empty if the server takes mail without a login.
mail-password = Server password
mail-locked = Enter the password again
mail-locked-text = It was encrypted with a key that this installation does not have, as after a restore without the key. Nothing is sent until then, and nothing is lost.
mail-password-known = It is stored. Type it only if it has changed.
mail-from-address = Sender address
mail-from-address-help = All mail comes from it. The server has to allow that.
mail-from-name = Sender name
mail-from-name-help = Left empty, each mailing carries its owner’s name.
mail-save = Save and send this way
mail-fixed = The mail server was given at the start
mail-fixed-text = It cannot be changed here as long as VESTNIK_SMTP_URL is set in the environment or on the command line.
mail-fixed-from = The sender was given at the start:

trial-to = Send a test letter to
trial-send = Send a test letter
trial-help = It goes out at once through the server above. Nothing has to be saved for that.
trial-subject = A test letter from { $service }
trial-text = This letter was sent from { $host } to try the mail server. As you are reading it, all is well.
trial-taken = The server took the letter to { $email }
trial-taken-text = Look into your mailbox, and into its spam folder.
trial-name = There is no such server
trial-name-text = The name is not in the DNS. Is it spelled right?
trial-silence = The server does not answer
trial-silence-text = Check the port, and whether something on the way closes it: some hosting companies close 25, 465 and 587.
trial-encryption = No encrypted connection came about
trial-encryption-text = Try another kind of encryption. If it is the certificate, the server’s name has to be the one in it.
trial-port = The server speaks no TLS at once on this port
trial-port-text = For this port choose STARTTLS. TLS from the start is usually on port 465.
trial-speech = Whatever answers there is no mail server
trial-speech-text = Another program seems to have that port, or the encryption is the wrong one.
trial-connection = The server refuses the connection
trial-connection-text = It usually says why: this machine’s address is on a blocklist, or there are too many connections.
trial-login = The server offers no login with user and password
trial-login-text = If none is needed, leave user and password empty. If one is, choose an encryption: many servers offer a login only then.
trial-password = User name or password is wrong
trial-password-text = Mail services often want a separate password for applications.
trial-refusal = The server refused the letter
trial-refusal-text = It usually says why. Most often the account may not use this sender address, or there is no such recipient.

setup-title = Let’s set up Vestnik
setup-lead = It takes two minutes. All but the first administrator can be changed later.
setup-administrator = The first administrator
setup-installation = Your service
setup-submit = Start
setup-later = You will find the rest under “Service settings”.
setup-gone-title = This link no longer works
setup-gone-text = There is an administrator already. If it is not you, ask them for an invitation.

register-invited-title = By invitation only
register-invited-text = Accounts are made by the administrator here. Ask them to invite you.

home-not-set-up = The service is not set up yet. The link for that is printed where it was started.

flash-installation-saved = Settings saved.
flash-mail-server-unreached = Saved, but no mail will go out yet. { $obstacle ->
    [name] { trial-name }
    [silence] { trial-silence }
    [encryption] { trial-encryption }
    [port] { trial-port }
    [speech] { trial-speech }
    [connection] { trial-connection }
    [login] { trial-login }
    [password] { trial-password }
   *[refusal] { trial-refusal }
} ({ $words }). Mail waits until it answers.
flash-mail-server-saved = Saved. Mail goes the new way in a few seconds.
flash-sending-resumed = Mail goes out again. Paused sendings wait until you resume them.
flash-set-up = Done! You are logged in as the administrator.

problem-session-days = A whole number of days is wanted, from 1 to { $longest }.
problem-domain = “{ $domain }” does not look like a domain.
problem-email-domain = Only addresses in these domains are accepted here: { $domains }.
problem-mail-host = This does not look like a server’s name. Just the name, without smtp:// and the port.
problem-port = A port is a number from 1 to 65535.
problem-mail-user = There is a password but no user name.
problem-mail-password = Type the password: the stored one is not for another server or user.
problem-from-name = No quotation marks and no angle brackets in the name, please.
