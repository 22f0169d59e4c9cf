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
problem-code-shape = A code from the app has { $digits } digits, a recovery code has 16 characters. Check that it is complete.
problem-code-wrong = This code does not fit. Each one works once: enter the next one.

problem-body-empty = Write the message: plain text, HTML, or both.
problem-template = Error in the template, line { $line }: { $detail }.
problem-template-unknown = The template uses something that does not exist, line { $line }: { $detail }.
problem-template-endless = The template runs too long, line { $line }. Check the loops.
problem-template-large = This template makes too large a letter, line { $line }.
problem-template-cancelled = The message took too long to render. Try again, or make it simpler.

problem-message-missing = Choose a message.
problem-end-before-start = The end must be later than the start.
problem-repeat-without-start = A repeating mailing needs a start.

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
