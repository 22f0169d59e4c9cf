# Пойманные письма.

caught-lead-own = Почтовый сервер не настроен, поэтому письма остаются здесь. Вы видите письма своих рассылок и то, что сервис пишет вам.
caught-lead-all = Почтовый сервер не настроен, поэтому письма остаются здесь. Вы администратор и видите письма всех пользователей.
caught-lead-demo = Это письма демонстрационной рассылки. Никому ничего не отправлено. Чтобы увидеть другие письма, войдите.
caught-search = Получатель или тема
caught-subject = Тема
caught-no-subject = Без темы
caught-from = От кого
caught-to = Кому
caught-sender = Отправитель конверта
caught-size = Размер
caught-kilobytes = { $n } КБ
caught-attachments = Вложения
caught-source = Исходник
caught-text = Текст
caught-letter = Письмо
caught-total = всего { $n }
caught-empty-title = Пока ничего не поймано
caught-empty-text = Отправьте рассылку: её письма появятся здесь.
caught-nothing-title = Ничего не нашлось
caught-nothing-text = Попробуйте часть адреса или темы.
caught-clear-own = Удалить мои письма
caught-clear-all = Очистить ловушку
caught-clear-title-own = Удалить ваши пойманные письма?
caught-clear-title-all = Очистить ловушку?
caught-clear-text-own = { $n ->
    [one] Исчезнет { $n } письмо. Вернуть его будет нельзя.
    [few] Исчезнут { $n } письма. Вернуть их будет нельзя.
   *[many] Исчезнут { $n } писем. Вернуть их будет нельзя.
}
caught-clear-text-all = { $n ->
    [one] Исчезнет { $n } письмо всех пользователей. Вернуть его будет нельзя.
    [few] Исчезнут { $n } письма всех пользователей. Вернуть их будет нельзя.
   *[many] Исчезнут { $n } писем всех пользователей. Вернуть их будет нельзя.
}
caught-clear-keep = Оставить
caught-pictures-left-out = Картинки с других серверов не загружены: эти серверы узнали бы, что вы смотрите письмо.
caught-pictures-show = Показать картинки
preview-width = Ширина
preview-desktop = Компьютер
preview-phone = Телефон
flash-caught-cleared = Удалено писем: { $n }.
