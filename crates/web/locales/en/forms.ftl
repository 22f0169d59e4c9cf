# What was typed and is not saved yet.

flash-form-kept = You are signed out, and nothing is saved yet. Sign in, and what you typed will be there again.

typed-restored-title = This is what you typed before you were signed out
typed-restored-text = It is not saved yet. Check it and save.
typed-draft-title = This browser has what you typed here and did not save:
typed-draft-text = The form shows what is saved now. Restoring puts your text into it; nothing is saved until you say so.
typed-draft-restore = Restore my text
typed-draft-discard = Discard it
typed-large-title = This is too much for one form
typed-large-text = It was not sent, and your text is still here. Shorten it, for example by linking to pictures instead of embedding them.

conflict-title = Saved elsewhere while you were typing: { $time }
conflict-text = Nothing of yours is lost: your text is in the form below, not saved yet. Here is what differs.
conflict-theirs = Saved
conflict-mine = Yours
conflict-alike = { $n ->
    [one] { $n } line alike
   *[other] { $n } lines alike
}
conflict-empty = empty
conflict-save = Save mine over it
conflict-keep = Keep the saved one

error-anothers-form-title = This form was opened by another account
error-anothers-form-text = Another account is signed in here now, so nothing was saved. Sign in with the account that you typed in: this browser offers your text there again. Going back shows it, too.
