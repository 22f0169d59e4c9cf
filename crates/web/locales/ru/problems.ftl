# Что не так с введённым. Каждая фраза стоит у своего поля.

problem-required = Заполните это поле.
problem-control-character = Уберите служебные символы: здесь может быть только текст.
problem-too-long = Слишком длинно: { $length } { $length ->
    [one] знак
    [few] знака
   *[many] знаков
} при пределе { $longest }.
problem-choice = Выберите один из вариантов.
problem-time = Укажите дату и время, например 24.11.2026 10:00.
problem-time-zone = Неизвестный часовой пояс: { $name }.
problem-date = Укажите дату, например 24.11.2026.
problem-period-order = Последний день должен быть не раньше первого.
problem-period-future = Этот день ещё не наступил.
problem-period-long = Период длиннее десяти лет. Выберите короче.

problem-password-short = Пароль короче { $shortest } знаков. Возьмите фразу подлиннее.
problem-password-long = Пароль слишком длинный: уместитесь в 200 байт.
problem-password-common = Этот пароль утекал так часто, что с него начинают подбор. Возьмите фразу из нескольких слов.
problem-password-own = Пароль составлен из вашего имени, адреса или названия сервиса, а с них начинают подбор. Возьмите фразу из нескольких слов.
problem-password-word = Одно слово подбирают быстро, даже с цифрами и знаками. Добавьте к нему ещё несколько слов.
problem-password-layout = Русское слово в другой раскладке подбирают так же быстро, как обычное. Добавьте к нему ещё несколько слов.
problem-password-keys = Соседние клавиши подбирают быстро. Возьмите фразу из нескольких слов.
problem-password-repeat = Повторы вроде «аааа» или «абвабв» подбирают быстро. Возьмите фразу из нескольких слов.
problem-password-sequence = Последовательности вроде «абвг» или «6789» подбирают быстро. Возьмите фразу из нескольких слов.
problem-password-date = Даты и годы подбирают быстро. Возьмите фразу из нескольких слов.
problem-password-guessed = Этот пароль подбирают слишком быстро. Добавьте к нему ещё несколько слов.
problem-password-wrong = Текущий пароль не подошёл.
problem-login-wrong = Адрес или пароль не подошли.
problem-code-unreadable = Коды из приложения проверить нельзя: нужный для этого ключ потерян. Введите один из кодов восстановления или попросите администратора сбросить вам двухфакторный вход.
problem-code-shape = В коде из приложения { $digits } цифр, в коде восстановления 16 знаков. Проверьте, всё ли введено.
problem-code-wrong = Код не подошёл. Каждый действует один раз: введите следующий.

problem-body-empty = Напишите текст письма: обычный, HTML или оба.
problem-render-too-many = У вас уже готовится несколько предпросмотров. Дождитесь их и попробуйте ещё раз.
problem-render-busy = Сейчас готовится слишком много сообщений. Попробуйте через минуту.
problem-render-failed = Не удалось подготовить сообщение из-за ошибки на нашей стороне. Введённое не потеряно: попробуйте ещё раз.
problem-template = Из этого сообщения не получается письмо.
problem-template-unknown = Строка { $line }: «{ $detail }» здесь нет. Есть recipient.full_name, recipient.email и recipient.comment. Чтобы отправить сами скобки, напишите {"{% raw %}{{ … }}{% endraw %}"}.
problem-template-unknown-try = Строка { $line }: «{ $detail }» здесь нет. Напишите { $instead }.
problem-template-filter = Строка { $line }: нет фильтра «{ $detail }». Все фильтры перечислены в руководстве.
problem-template-filter-try = Строка { $line }: нет фильтра «{ $detail }». Напишите { $instead }.
problem-template-test = Строка { $line }: после is не бывает «{ $detail }». Все проверки перечислены в руководстве.
problem-template-test-try = Строка { $line }: после is не бывает «{ $detail }». Напишите { $instead }.
problem-template-function = Строка { $line }: нет функции «{ $detail }». Есть только range().
problem-template-function-try = Строка { $line }: нет функции «{ $detail }». Напишите { $instead }.
problem-template-tag = Строка { $line }: нет тега «{ $detail }». В сообщениях есть if, elif, else, for, set и raw.
problem-template-tag-try = Строка { $line }: нет тега «{ $detail }». Напишите { $instead }.
problem-template-operator = Строка { $line }: «{ $detail }» здесь использовать нельзя.
problem-template-operator-try = Строка { $line }: «{ $detail }» здесь использовать нельзя. Напишите { $instead }.
problem-template-colon = Строка { $line }: значение для «{ $detail }» пишется в скобках, а не после двоеточия: { $detail }("…").
problem-template-mustache = Строка { $line }: подстановка не может начинаться с «{ $found }». Условие пишется как {"{% if … %}…{% endif %}"}, повтор — как {"{% for … %}…{% endfor %}"}.
problem-template-arguments = Строка { $line }: проверьте значения в скобках после «{ $detail }». Их может быть не больше { $most }.
problem-template-value = Строка { $line }: перед «{ $found }» чего-то не хватает: поля, текста в кавычках или числа.
problem-template-name = Строка { $line }: перед «{ $found }» должно стоять имя.
problem-template-symbol = Строка { $line }: вместо «{ $found }» должно быть «{ $wanted }».
problem-template-character = Строка { $line }: внутри скобок не может быть «{ $found }».
problem-template-number = Строка { $line }: слишком большое число { $detail }.
problem-template-reserved = Строка { $line }: переменную нельзя назвать «{ $detail }». Выберите другое имя.
problem-template-unclosed-tag = Строка { $line }: «{ $tag }» не закрыто, нужно «{ $end }».
problem-template-unclosed-quote = Строка { $line }: у текста нет закрывающей кавычки.
problem-template-unclosed-block = Строка { $line }: у «{ $tag }» нет «{ $end }».
problem-template-stray = Строка { $line }: у «{ $tag }» нет начала.
problem-template-deep = Строка { $line }: слишком много вложений друг в друга. Предел — { $most }.
problem-template-long = Строка { $line }: слишком длинный тег. Предел — { $most } частей.
problem-template-many = Строка { $line }: слишком много подстановок и тегов. Предел — { $most }.
problem-template-variables = Строка { $line }: слишком много переменных. Предел — { $most }.
problem-template-endless = Строка { $line }: письмо собирается слишком долго. Проверьте повторы.
problem-template-large = Строка { $line }: письмо получается слишком большим. Проверьте повторы.
problem-template-value-large = Строка { $line }: это значение больше { $most } байт.
problem-template-long-list = Строка { $line }: в этом списке больше { $most } элементов.
problem-template-cancelled = Письмо собиралось слишком долго. Попробуйте ещё раз или упростите сообщение.
problem-template-list = Строка { $line }: список нельзя вставить как текст. Соедините его: join(", ").
problem-template-not-list = Строка { $line }: здесь может быть только список, например [1, 2, 3] или recipient.comment|split(",").
problem-template-nested-list = Строка { $line }: в списке могут быть списки, но в них других списков быть не может.
problem-template-parts = Строка { $line }: каждый элемент этого списка должен быть списком из { $wanted } элементов.
problem-template-not-number = Строка { $line }: для «{ $detail }» нужно число, а не «{ $found }». Если там бывает не число, напишите int(0): тогда вместо него будет 0.
problem-template-compare = Строка { $line }: число сравнивается только с числом, а текст с текстом. Превратить текст в число можно так: int(0).
problem-template-zero = Строка { $line }: деление на ноль.
problem-template-overflow = Строка { $line }: получилось слишком большое число.
problem-template-comment = Строка { $line }: «{ $detail }» уйдёт как есть, комментариев в сообщениях нет. Если это заметка для себя, удалите её.
problem-placeholder = Строка { $line }: «{ $detail }» похоже на подстановку другого сервиса и уйдёт как есть.
problem-placeholder-try = Строка { $line }: «{ $detail }» похоже на подстановку другого сервиса и уйдёт как есть. Если здесь нужна подстановка, напишите { $instead }.

problem-message-missing = Выберите сообщение.
problem-end-before-start = Окончание должно быть позже начала.
problem-repeat-without-start = Для повторяющейся рассылки укажите начало.
problem-year = Проверьте год: он должен быть от { $first_year } до { $last_year }, а здесь { $year }.
problem-start-late = Начало было { $days } { $days ->
    [one] день
    [few] дня
   *[many] дней
} назад. Исправьте его или подтвердите, что рассылка начнётся сразу.
problem-start-passed = Это время уже прошло. Выберите то, которое ещё наступит.
problem-end-passed = Это время уже прошло: отправить ничего не получится.
problem-end-too-soon = Слишком рано: отправка начинается через { $seconds } { $seconds ->
    [one] секунду
    [few] секунды
   *[many] секунд
}, отведённых на отмену.

problem-address-several = Нужен один адрес. Здесь есть ещё: { $other }
address-empty = Укажите адрес электронной почты.
address-control-character = В адресе есть служебный символ. Наберите его вручную.
address-no-at = В адресе нет знака @.
address-many-at = В адресе больше одного знака @.
address-no-local = Перед знаком @ ничего нет.
address-local-too-long = Часть перед @ длиннее 64 байт.
address-bad-local = В части перед @ есть недопустимый символ: проверьте пробелы, запятые и скобки.
address-misplaced-dot = Точка перед @ не может стоять первой, последней или рядом с другой точкой.
address-bad-quotes = Кавычки в части перед @ не закрыты.
address-no-domain = После знака @ ничего нет.
address-bad-domain = Такого домена не бывает: проверьте часть после @.
address-no-dot = В домене нет точки: например, вместо mail нужно mail.ru.
address-literal = Вместо домена стоит IP-адрес. Нужен обычный адрес, например anna@example.com.
address-too-long = Адрес длиннее 254 байт.
problem-login-blocked = Эта учётная запись заблокирована.
problem-login-blocked-why = Эта учётная запись заблокирована. Причина: { $reason }
problem-email-has-account = У этого адреса уже есть учётная запись.
problem-group-name-taken = Группа с таким названием уже есть.
problem-phone = Введите номер цифрами, от 5 до 15, например +7 912 345-67-89.
problem-picture-missing = Выберите файл с изображением.
problem-picture-large = Файл больше { $largest } МБ.
problem-picture-pixels = Слишком большое изображение: { $width } × { $height } пикселей.
problem-picture-kind = Это не JPEG, PNG, WebP и не GIF.
problem-picture-broken = Изображение повреждено.
