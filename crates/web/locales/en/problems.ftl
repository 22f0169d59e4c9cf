# What is wrong with an input. Each sentence stands at its field.

problem-required = Please fill this in.
problem-control-character = Remove the control characters: only text can stand here.
problem-too-long = Too long: { $length } { $length ->
    [one] character
   *[other] characters
}, at most { $longest } fit.
problem-choice = Choose one of the options.
problem-time = Give a date and a time, for example 2026-11-24 10:00.
problem-time-zone = Unknown time zone: { $name }.
problem-date = Enter a date, for example 2026-11-24.
problem-period-order = The last day must not be before the first.
problem-period-future = This day has not come yet.
problem-period-long = That is more than ten years. Choose a shorter period.

problem-password-short = The password is shorter than { $shortest } characters. Take a longer phrase.
problem-password-long = The password is too long: keep it within 200 bytes.
problem-password-common = This password has leaked so often that it is tried first. Take a phrase of several words.
problem-password-own = This is made of your name, your address or the name of the service, which are tried first. Take a phrase of several words.
problem-password-word = A word is guessed quickly, with digits and signs around it as well. Put some more words beside it.
problem-password-layout = A Russian word on the other keyboard layout is still a word, and guessed quickly. Put some more words beside it.
problem-password-keys = Neighbouring keys are guessed quickly. Take a phrase of several words.
problem-password-repeat = Repeats such as “aaaa” or “abcabc” are guessed quickly. Take a phrase of several words.
problem-password-sequence = Sequences such as “abcd” or “6789” are guessed quickly. Take a phrase of several words.
problem-password-date = Dates and years are guessed quickly. Take a phrase of several words.
problem-password-guessed = This password is guessed too quickly. Put some more words beside it.
problem-password-wrong = This is not your current password.
problem-login-wrong = The address or the password is not right.
problem-code-unreadable = Codes of the app cannot be checked here, because the key that they need is lost. Enter one of your recovery codes, or ask an administrator to reset two-factor login for you.
problem-code-shape = A code from the app has { $digits } digits, a recovery code has 16 characters. Check that it is complete.
problem-code-wrong = This code does not fit. Each one works once: enter the next one.

problem-body-empty = Write the message: plain text, HTML, or both.
problem-render-too-many = You have several previews in progress already. Wait until they are done, then try again.
problem-render-busy = Too many messages are being rendered at the moment. Try again in a minute.
problem-render-failed = The message could not be rendered because of an error on our side. Nothing you typed is lost: try again.
problem-template = This message cannot be rendered.
problem-template-unknown = Line { $line }: there is no “{ $detail }”. You can use recipient.full_name, recipient.email and recipient.comment. To send the braces as they are, write {"{% raw %}{{ … }}{% endraw %}"}.
problem-template-unknown-try = Line { $line }: there is no “{ $detail }”. Use { $instead }.
problem-template-filter = Line { $line }: there is no filter “{ $detail }”. The user guide lists all filters.
problem-template-filter-try = Line { $line }: there is no filter “{ $detail }”. Use { $instead }.
problem-template-test = Line { $line }: after “is” there can be no “{ $detail }”. The user guide lists all tests.
problem-template-test-try = Line { $line }: after “is” there can be no “{ $detail }”. Use { $instead }.
problem-template-function = Line { $line }: there is no function “{ $detail }”. The only one is range().
problem-template-function-try = Line { $line }: there is no function “{ $detail }”. Use { $instead }.
problem-template-tag = Line { $line }: there is no tag “{ $detail }”. Messages can use if, elif, else, for, set and raw.
problem-template-tag-try = Line { $line }: there is no tag “{ $detail }”. Use { $instead }.
problem-template-operator = Line { $line }: “{ $detail }” cannot be used here.
problem-template-operator-try = Line { $line }: “{ $detail }” cannot be used here. Use { $instead }.
problem-template-colon = Line { $line }: after “{ $detail }”, put the value in parentheses instead of after a colon: { $detail }("…").
problem-template-mustache = Line { $line }: a placeholder cannot begin with “{ $found }”. Write conditions as {"{% if … %}…{% endif %}"} and loops as {"{% for … %}…{% endfor %}"}.
problem-template-arguments = Line { $line }: check the values in the parentheses after “{ $detail }”. It takes at most { $most }.
problem-template-value = Line { $line }: something is missing before “{ $found }”: a field, a text in quotes or a number.
problem-template-name = Line { $line }: there must be a name before “{ $found }”.
problem-template-symbol = Line { $line }: “{ $wanted }” was expected instead of “{ $found }”.
problem-template-character = Line { $line }: “{ $found }” cannot be used inside of braces.
problem-template-number = Line { $line }: the number { $detail } is too large.
problem-template-reserved = Line { $line }: a variable cannot be named “{ $detail }”. Choose another name.
problem-template-unclosed-tag = Line { $line }: “{ $tag }” is never closed with “{ $end }”.
problem-template-unclosed-quote = Line { $line }: a quotation mark is missing at the end of a text.
problem-template-unclosed-block = Line { $line }: “{ $tag }” has no “{ $end }”.
problem-template-stray = Line { $line }: “{ $tag }” has no beginning.
problem-template-deep = Line { $line }: too many levels inside each other. The limit is { $most }.
problem-template-long = Line { $line }: this tag is too long. The limit is { $most } parts.
problem-template-many = Line { $line }: too many placeholders and tags. The limit is { $most }.
problem-template-variables = Line { $line }: too many variables. The limit is { $most }.
problem-template-endless = Line { $line }: the message takes too many steps to render. Check the loops.
problem-template-large = Line { $line }: the message becomes too large. Check the loops.
problem-template-value-large = Line { $line }: this value becomes larger than { $most } bytes.
problem-template-long-list = Line { $line }: this list has more than { $most } elements.
problem-template-cancelled = The message took too long to render. Try again, or make it simpler.
problem-template-list = Line { $line }: a list cannot be used as text. Use join(", ") to make it one.
problem-template-not-list = Line { $line }: only a list can be used here, for example [1, 2, 3] or recipient.comment|split(",").
problem-template-nested-list = Line { $line }: a list can contain lists, but those cannot contain further lists.
problem-template-parts = Line { $line }: each element of this list must be a list of { $wanted } elements.
problem-template-not-number = Line { $line }: “{ $detail }” needs a number and not “{ $found }”. If it may be something else, write int(0) to use 0 then.
problem-template-compare = Line { $line }: a number can only be compared with a number, a text with a text. To make a text a number, use int(0).
problem-template-zero = Line { $line }: division by zero.
problem-template-overflow = Line { $line }: the result is too large a number.
problem-template-comment = Line { $line }: “{ $detail }” will be sent as it is: messages have no comments. Delete it if it is a note to yourself.
problem-placeholder = Line { $line }: “{ $detail }” looks like a placeholder of another service and will be sent as it is.
problem-placeholder-try = Line { $line }: “{ $detail }” looks like a placeholder of another service and will be sent as it is. Use { $instead } if it should be replaced.

problem-message-missing = Choose a message.
problem-end-before-start = The end must be later than the start.
problem-repeat-without-start = A repeating mailing needs a start.
problem-year = Check the year: it should be from { $first_year } to { $last_year }, and here it is { $year }.
problem-start-late = The start lies { $days } { $days ->
    [one] day
   *[other] days
} in the past. Correct it, or confirm that the mailing begins at once.
problem-start-passed = This time has passed already. Choose one that is still to come.
problem-end-passed = This time has passed already: nothing could be sent any more.
problem-end-too-soon = Too soon: sending begins when { $seconds } { $seconds ->
    [one] second
   *[other] seconds
} to undo are over.

problem-address-several = Enter one address. There is also: { $other }
address-empty = Enter an email address.
address-control-character = The address contains a control character. Type it by hand.
address-no-at = The address has no @.
address-many-at = The address has more than one @.
address-no-local = Nothing stands before the @.
address-local-too-long = The part before the @ is longer than 64 bytes.
address-bad-local = The part before the @ has a character that cannot stand there: check spaces, commas and brackets.
address-misplaced-dot = The dot before the @ cannot come first, last, or next to another dot.
address-bad-quotes = The quotes before the @ are not closed.
address-no-domain = Nothing stands after the @.
address-bad-domain = There is no such domain: check the part after the @.
address-no-dot = The domain has no dot: “example.com” rather than “example”.
address-literal = An IP address stands in place of the domain. Use an ordinary address such as anna@example.com.
address-too-long = The address is longer than 254 bytes.
problem-login-blocked = This account is blocked.
problem-login-blocked-why = This account is blocked. Reason: { $reason }
problem-email-has-account = This address has an account already.
problem-group-name-taken = There is a group of that name already.
problem-phone = Write the number with 5 to 15 digits, for example +44 20 7946 0100.
problem-picture-missing = Choose a file with a picture.
problem-picture-large = The file is larger than { $largest } MB.
problem-picture-pixels = The picture is too large: { $width } × { $height } pixels.
problem-picture-kind = This is neither JPEG, PNG, WebP nor GIF.
problem-picture-broken = The picture is damaged.
