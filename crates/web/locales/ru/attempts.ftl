# Что помешало попытке, если об этом не говорит ответ почтового сервера.

smtp-name-not-resolved = Не удалось узнать адрес сервера { $host } в DNS.
smtp-name-timed-out = DNS слишком долго не отвечает на запрос имени { $host }.
smtp-connection-refused = Почтовый сервер { $server } отказал в соединении.
smtp-host-unreachable = До почтового сервера { $server } нет маршрута по сети.
smtp-connect-timed-out = Почтовый сервер { $server } не принял соединение вовремя.
smtp-connect-failed = Не удалось соединиться с почтовым сервером { $server } ({ $detail }).
smtp-certificate-untrusted = Сертификат { $host } выдан не доверенным центром.
smtp-certificate-wrong-name = Сертификат почтового сервера выдан не на имя { $host }.
smtp-certificate-expired = Срок действия сертификата { $host } истёк.
smtp-certificate-not-yet-valid = Срок действия сертификата { $host } ещё не начался.
smtp-certificate-revoked = Сертификат { $host } отозван.
smtp-certificate-invalid = Сертификат { $host } недействителен ({ $detail }).
smtp-tls-failed = Не удалось установить защищённое соединение с { $host } ({ $detail }).
smtp-tls-not-at-once = { $host } не использует TLS с самого начала на порту { $port }. Выберите для этого порта STARTTLS или другой порт, например 465.
smtp-tls-not-spoken = { $host } предложил STARTTLS на порту { $port }, но не перешёл на TLS.
smtp-tls-timed-out = Защищённое соединение с { $host } устанавливалось слишком долго.
smtp-tls-unavailable = На этой машине защищённые соединения невозможны ({ $detail }).
smtp-starttls-missing = Почтовый сервер не предлагает STARTTLS, а по настройкам шифрование обязательно.
smtp-starttls-injection = После ответа на STARTTLS пришёл незашифрованный текст, поэтому соединение закрыто.
smtp-password-unprotected = Почтовый сервер не предлагает шифрования, поэтому пароль не отправлен.
smtp-login-unsupported = Почтовый сервер не поддерживает способ входа { $wanted }. Он предлагает: { $offered }.
smtp-login-refused = Почтовый сервер не принял имя пользователя или пароль.
smtp-session-refused = Почтовый сервер отказался начать сеанс.
smtp-starttls-refused = Почтовый сервер отказался включить шифрование.
smtp-connection-closed = Почтовый сервер закрыл соединение.
smtp-connection-lost = Соединение с почтовым сервером оборвалось.
smtp-reply-timed-out = Почтовый сервер не ответил вовремя ({ $phase ->
    [greeting] после соединения
    [ehlo] на EHLO
    [starttls] на STARTTLS
    [auth] при входе
    [reset] на RSET
    [mail-from] на адрес отправителя
    [rcpt-to] на адрес получателя
    [data] на DATA
    [body] во время передачи письма
    [dot] когда письмо было передано целиком
   *[other] этап { $phase }
}).
smtp-reply-unfinished = Почтовый сервер не закончил ответ вовремя ({ $phase ->
    [greeting] после соединения
    [ehlo] на EHLO
    [starttls] на STARTTLS
    [auth] при входе
    [reset] на RSET
    [mail-from] на адрес отправителя
    [rcpt-to] на адрес получателя
    [data] на DATA
    [body] во время передачи письма
    [dot] когда письмо было передано целиком
   *[other] этап { $phase }
}).
smtp-write-timed-out = Почтовый сервер перестал принимать данные ({ $phase ->
    [body] посреди письма
    [dot] в конце письма
   *[other] этап { $phase }
}).
smtp-reply-malformed = Ответ почтового сервера не похож на ответ SMTP.
smtp-reply-codes-differ = В строках одного ответа почтового сервера разные коды.
smtp-reply-too-long = Ответ почтового сервера слишком длинный.
smtp-reply-unasked = Почтовый сервер прислал ответ, которого никто не ждал: { $said }
smtp-spoke-unasked = Почтовый сервер прислал то, чего никто не ждал.
smtp-reply-mismatch = Ответ почтового сервера не подходит к команде: { $said }
smtp-replies-mismatch = Ответы почтового сервера не подходят к командам: { $said }
smtp-too-many-replies = Почтовый сервер прислал больше ответов, чем было команд.
smtp-needs-smtputf8 = В адресе есть символы, которых почтовый сервер не поддерживает (нет SMTPUTF8).
smtp-needs-8bitmime = В письме есть символы, которых почтовый сервер не поддерживает (нет 8BITMIME).
smtp-message-too-large = В письме { $size } байт, а почтовый сервер принимает не больше { $limit }.
smtp-session-ended = Сеанс с почтовым сервером уже закончился.
smtp-other-announced = Почтовый сервер ждал другое письмо.
smtp-stopped-before-dot = Сервис остановился, не передав письмо до конца ({ $detail }).

delivery-error-render = Письмо не удалось собрать. { $problem }
delivery-error-address = Адрес получателя нельзя использовать в письме.
delivery-error-subject = Тему нельзя использовать в письме.
delivery-error-identifier = Message-ID нельзя использовать в письме.
delivery-error-process-ended = Процесс отправки завершился раньше, чем ответил почтовый сервер.
delivery-error-process-lost = Процесс отправки потерян вместе с ответом почтового сервера.
delivery-error-ended-while-rendered = Процесс отправки завершился, пока собиралось это письмо. Было ли дело в сообщении, установить не удалось.
delivery-error-internal = Внутренняя ошибка сервиса. Подробности в его журнале.
delivery-error-before-backup = Письмо отправлялось, когда делали резервную копию. Чем это кончилось, знает только исходная система.
delivery-error-other = Неизвестная ошибка: { $id }
