# Сообщения: список, правка, просмотр, проверочное письмо.

messages-title = Сообщения
messages-new = Новое сообщение
messages-empty-title = Сообщений пока нет
messages-empty-text = Сообщение — это тема и текст письма. Одно сообщение можно отправить в нескольких рассылках и подставить в него имя каждого получателя.
messages-total = { $n ->
    [one] { $n } сообщение
    [few] { $n } сообщения
   *[many] { $n } сообщений
}

message-new-title = Новое сообщение
message-edit-title = Сообщение
message-subject = Тема
message-subject-help = Её увидят в списке писем. Подстановки работают и здесь.
message-html = HTML
message-html-help = Оформленное письмо. Оставьте пустым, если хватит обычного текста.
message-text = Обычный текст
message-text-help = Для программ, которые не показывают HTML. Если оставить пустым, сделаем из HTML.
message-text-made = сделан из HTML
message-insert = Вставить:
message-syntax = Как устроены подстановки
message-syntax-text = Подстановки и условия записываются как в Jinja. Например, приветствие для тех, чьё имя неизвестно:
message-syntax-hello = Здравствуйте
message-create = Создать сообщение
message-save = Сохранить
message-updated = Изменено
message-edit = Изменить
message-edit-named = Изменить «{ $subject }»
message-delete = Удалить
message-mail = Создать рассылку

message-preview = Просмотр
message-preview-unsaved = как есть в форме, без сохранения
message-preview-show = Показать письмо
message-letter = Письмо
message-width = Ширина
message-width-desktop = Компьютер
message-width-phone = Телефон
message-to = Кому
message-subject-entities = Тема — не HTML, и коды вроде &amp; придут как есть. Вероятно, вы имели в виду: { $subject }
message-not-rendered = Письмо для этого получателя не получается
message-notices = Уйдёт как есть
message-reader = Получатель для просмотра
message-reader-search = Найти получателя
message-reader-choose = Показать письмо для
message-reader-show = Показать
message-reader-made-up = Получателей пока нет, поэтому письмо показано для вымышленного.
message-reader-add = Добавить получателей

message-test = Проверочное письмо
message-test-text = Отправим это письмо вам на { $email }: с данными выбранного получателя, но только вам.
message-test-send = Отправить себе
message-mailings = Рассылки с этим сообщением

message-delete-title = Удалить сообщение?
message-delete-text = «{ $subject }» исчезнет вместе с текстом. Вернуть его нельзя.
message-delete-confirm = Удалить сообщение
message-delete-in-use-title = Сообщение используется
message-delete-in-use = { $n ->
    [one] Удалить его нельзя: оно нужно рассылке. Удалите её или выберите в ней другое сообщение.
   *[other] Удалить его нельзя: оно нужно рассылкам. Удалите их или выберите в них другое сообщение.
}
message-keep = Оставить

flash-message-saved = Сообщение сохранено.
flash-message-deleted = Сообщение «{ $subject }» удалено.
flash-test-queued = Проверочное письмо отправляется на { $email }.
flash-test-unconfirmed = Сначала подтвердите свой адрес: ссылка в письме, которое мы вам прислали.
flash-test-busy = Проверочное письмо не отправлено: сейчас готовится слишком много сообщений. Попробуйте через минуту.
flash-test-not-rendered = Письмо не отправлено: исправьте ошибку в сообщении.
