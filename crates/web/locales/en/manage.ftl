# Oversight and administration

nav-manage = Manage

manage-articles = Articles
manage-users = Users
manage-mailings = All mailings
manage-recipients = All recipients
manage-groups = Groups
manage-audit = Audit log
manage-settings = Service settings

manage-search = Search
manage-cancel = Cancel
manage-show-all = Show everything
manage-only-of = Owner: { $name }.
manage-never = never
manage-none-title = Nothing found
manage-none-text = Try other words, or reset the filter.
count-users = { $n } { $n ->
    [one] user
   *[other] users
}

manage-users-search = Name or address
manage-users-state = Whom to show
manage-users-all = Everyone
manage-users-active = Active
manage-users-blocked = Blocked
manage-column-user = User
manage-column-seen = Last visit
manage-column-owner = Owner
manage-column-mailing = Mailing
manage-column-group = Group
manage-column-members = Members
manage-column-permissions = What they may do

manage-user-active = Active
manage-user-blocked = Blocked
manage-user-unconfirmed = Address not confirmed
manage-user-new = New user
manage-user-new-text = They get a letter with a link and set their own password.
manage-user-group = Group
manage-user-invite = Create and invite
manage-user-block = Block
manage-user-unblock = Unblock
manage-user-blocked-since = Blocked since { $time }
manage-user-blocked-text = They cannot log in, and their mailings are disabled. Once unblocked, they enable the mailings they want themselves.
manage-user-groups = Groups
manage-user-groups-help = The permissions of all chosen groups add up. After a change the person has to log in again.
manage-user-groups-save = Save groups
manage-user-account = Account
manage-user-account-text = What you do here is noted in the audit log.
manage-user-recovery = Send a password link
manage-user-sign-out = Log out everywhere
manage-user-factor-reset = Reset two-factor login
manage-user-factor-since = since { $time }
manage-user-delete = Delete user
manage-user-about = About
manage-user-since = Registered
manage-user-oneself = This is you: you cannot block or delete yourself.

manage-block-title = Block the user “{ $name }”?
manage-block-text = Their sessions end at once, sending stops, and all their mailings are disabled. Their data stays.
manage-block-reason-help = They read the reason when they try to log in, and in a letter to { $email }.
manage-delete-title = Delete the user “{ $name }”?
manage-delete-text = The account { $email } goes with its recipients, messages, mailings and delivery log. This cannot be undone. If in doubt, block instead.
manage-factor-title = Reset two-factor login of “{ $name }”?
manage-factor-text = The password alone will be enough to log in until they set up an app again. All their sessions end, and a letter to { $email } says so. Do this only if you are sure that it is they who ask.

manage-mailings-lead = Everyone’s mailings. Only the owner can change a mailing.
manage-mailings-search = Name or owner
manage-mailing-lead = Only the owner can change this mailing.
manage-mailing-message = Message
manage-mailing-source = Message, HTML source
manage-disabled-by-owner = Disabled by its owner.
manage-disabled-by-manager = Disabled by a manager. Its owner cannot enable it.
manage-disabled-by-block = Disabled when its owner was blocked.
manage-disable-text = Planned sendings are cancelled. { $owner } cannot enable the mailing without a manager.
manage-disable-reason-help = The owner of the mailing reads the reason.
manage-recipients-lead = Everyone’s recipients. Only the owner can change them.

manage-groups-lead = A person may do what any of their groups allows.
manage-group-new = New group
manage-group-name = Name
manage-group-permissions = What members may do
manage-group-permissions-help = You can only allow what you may do yourself.
manage-group-builtin = This group is there from the start: it cannot be renamed or deleted, but its permissions can be changed.
manage-group-save = Save group
manage-group-delete = Delete group
manage-group-delete-title = Delete the group “{ $name }”?
manage-group-delete-text = Its members lose the permissions that only this group gave them.

group-users = Users
group-managers = Managers
group-content_managers = Content managers
group-administrators = Administrators

permission-manage_own = Work with their own recipients, messages and mailings
permission-send_mail = Send mailings
permission-view_mailings = See everyone’s mailings
permission-view_recipients = See everyone’s recipients
permission-view_users = See the list of users
permission-block_users = Block users
permission-disable_mailings = Disable mailings
permission-manage_blog = Write the blog
permission-answer_feedback = Read and answer feedback
permission-manage_users = Create, change and delete users
permission-manage_groups = Manage groups and permissions
permission-manage_settings = Change the settings of the service
permission-view_audit = Read the audit log

manage-audit-lead = Logins, changes of one’s own account, and everything that managers and administrators do. Entries cannot be changed or removed.
manage-audit-text = Who or whom
manage-audit-change = Details
manage-audit-nothing = nothing
manage-audit-codes-left = Codes left
manage-audit-console = command line
audit-column-time = Time
audit-column-actor = Who
audit-column-address = From where
audit-column-action = Action
audit-column-subject = Whom or what
audit-column-before = Before
audit-column-after = After
audit-logged_in = Logged in
audit-login_failed = Wrong password
audit-second_factor_failed = Wrong code at login
audit-recovery_code_used = Recovery code used
audit-logged_out = Logged out
audit-second_factor_on = Two-factor login switched on
audit-second_factor_off = Two-factor login switched off
audit-recovery_codes_made = New recovery codes
audit-second_factor_reset = Two-factor login reset
audit-user_created = User created
audit-user_changed = User changed
audit-groups_set = User’s groups changed
audit-user_blocked = User blocked
audit-user_unblocked = User unblocked
audit-sessions_ended = Sessions ended
audit-recovery_sent = Password link sent
audit-address_changed = Address changed
audit-data_exported = Copy of all data taken
audit-user_deleted = User deleted
audit-mailing_disabled = Mailing disabled
audit-mailing_enabled = Mailing enabled
audit-group_created = Group created
audit-group_changed = Group changed
audit-group_deleted = Group deleted
audit-article_created = Article created
audit-article_changed = Article changed
audit-article_deleted = Article deleted
audit-feedback_answered = Feedback answered
audit-feedback_deleted = Feedback deleted
audit-cache_forgotten = Cache made anew
audit-set_up = First administrator made
audit-settings_changed = Settings changed
audit-restored = Restored from a backup
audit-sending_resumed = Sending after a restore allowed

flash-user-blocked = { $name } is blocked. We have told them by letter.
flash-user-unblocked = { $name } is unblocked.
flash-user-groups = The groups are saved.
flash-user-signed-out = All sessions have ended.
flash-user-factor-reset = Two-factor login is reset. { $name } is told by letter.
flash-user-recovery = A link to set a new password was sent to { $email }.
flash-user-deleted = { $name } is deleted with all data.
flash-user-invited = An invitation was sent to { $email }.
flash-group-saved = The group “{ $name }” is saved.
flash-group-deleted = The group is deleted.
flash-manage-not-now = No longer needed: things changed while you were looking.
flash-manage-name-taken = There is a group of that name already.
flash-manage-last-administrator = That would leave no administrator who can log in.
flash-manage-builtin = This group cannot be deleted.
flash-mailing-enable-refused = A manager has disabled this mailing: only a manager can enable it.

error-others-title = This belongs to another user
error-others-text = Only its owner can change it. You can look at it under “Manage”.

letter-invite-subject = You are invited to { $service }
letter-invite-text = An account was made for you, { $email }, in { $service }, a service for mailings. Set a password and begin:
letter-invite-button = Set a password
letter-invite-until = The link works for seven days, and once. If you did not expect an invitation, just delete this letter.
letter-blocked-subject = Your account in { $service } is blocked
letter-blocked-text = The account { $email } was blocked: you cannot log in for now, and your mailings have stopped. Your data is still there.
letter-blocked-why = Reason: { $reason }
letter-blocked-button = To the login page
letter-blocked-until = If this is a mistake, write to the people who run this service.
