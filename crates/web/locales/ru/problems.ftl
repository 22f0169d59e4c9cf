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
problem-code-shape = В коде из приложения { $digits } цифр, в коде восстановления 16 знаков. Проверьте, всё ли введено.
problem-code-wrong = Код не подошёл. Каждый действует один раз: введите следующий.

problem-body-empty = Напишите текст письма: обычный, HTML или оба.
problem-template = Ошибка в шаблоне, строка { $line }: { $detail }.
problem-template-unknown = Шаблон обращается к тому, чего нет, строка { $line }: { $detail }.
problem-template-endless = Шаблон выполняется слишком долго, строка { $line }. Проверьте циклы.
problem-template-large = Письмо по этому шаблону получается слишком большим, строка { $line }.
problem-template-cancelled = Подготовка сообщения заняла слишком много времени. Попробуйте ещё раз или упростите его.

problem-message-missing = Выберите сообщение.
problem-end-before-start = Окончание должно быть позже начала.
problem-repeat-without-start = Для повторяющейся рассылки укажите начало.

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
