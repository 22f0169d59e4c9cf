# Пойманные письма.

caught-lead = Почтовый сервер не настроен, поэтому письма остаются здесь. Так видно, что получили бы люди.
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
caught-empty-text = Отправьте рассылку или зарегистрируйтесь: письма появятся здесь.
caught-nothing-title = Ничего не нашлось
caught-nothing-text = Попробуйте часть адреса или темы.
caught-clear = Очистить ловушку
caught-clear-title = Очистить ловушку?
caught-clear-text = { $n ->
    [one] Исчезнет { $n } пойманное письмо. Вернуть его будет нельзя.
    [few] Исчезнут { $n } пойманных письма. Вернуть их будет нельзя.
   *[many] Исчезнут { $n } пойманных писем. Вернуть их будет нельзя.
}
caught-clear-keep = Оставить
preview-width = Ширина
preview-desktop = Компьютер
preview-phone = Телефон
flash-caught-cleared = Удалено писем: { $n }.
