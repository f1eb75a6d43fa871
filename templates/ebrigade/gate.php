<?php
// Written by maquette. Before each page of eBrigade: whoever Apache let in is that person here too, and nobody else, whatever
// a browser's cookie says. Who has no session yet gets one by eBrigade's own ticket: made here, good once, for its owner alone
// and in the browser that was given it.
(static function (): void {
    $refuse = static function (int $status, string $title, string $text): void {
        http_response_code($status);
        header('Content-Type: text/html; charset=utf-8');
        header('Cache-Control: no-store');
        exit("<!doctype html><html lang=fr><meta charset=utf-8><title>$title</title><p>$text</html>");
    };
    mysqli_report(MYSQLI_REPORT_OFF);
    $database = @mysqli_connect('localhost', '{{user}}', '', '{{database}}');
    if ($database === false) $refuse(503, 'Base de données', "La base de données ne répond pas. Réessayez dans un instant.");
    mysqli_set_charset($database, 'utf8mb4');
    $ask = static function (string $sql, string $types, ...$values) use ($database, $refuse) {
        $asked = mysqli_prepare($database, $sql);
        if ($asked === false || !$asked->bind_param($types, ...$values) || !$asked->execute())
            $refuse(503, 'Base de données', "La base de données ne répond pas. Réessayez dans un instant.");
        $found = $asked->get_result();
        return $found === false ? null : $found->fetch_row();
    };
    $login = $_SERVER['REMOTE_USER'] ?? '';
    $row = $ask('SELECT P_ID FROM pompier WHERE P_CODE = ? AND P_OLD_MEMBER = 0 AND GP_ID <> -1', 's', $login);
    if ($login === '' || $row === null)
        $refuse(403, 'Inconnu', "Ce compte de l'annuaire n'est pas encore connu d'eBrigade.");
    $person = (int) $row[0];

    $page = basename($_SERVER['SCRIPT_NAME']);
    $ticket = $page === 'index.php' && is_string($_GET['ticket'] ?? null) ? $_GET['ticket'] : '';
    $isOwn = ($_GET['id'] ?? '') === (string) $person;
    session_start();
    $isIn = (int) ($_SESSION['id'] ?? 0) === $person;
    $made = (string) ($_SESSION['maquette'] ?? '');
    if (!$isIn) {
        // Somebody else's, by the same browser; or one that bears no more than a ticket.
        $_SESSION = [];
        session_regenerate_id(true);
    }
    $isGood = !$isIn && $isOwn && $made !== '' && hash_equals($made, $ticket);
    if (!$isIn && !$isGood) $_SESSION['maquette'] = $made = bin2hex(random_bytes(15));
    session_write_close();

    // A ticket of somebody else would make of this session another person's.
    if ($isIn && ($ticket === '' || $isOwn)) return;
    if ($isGood) {
        // Into eBrigade's table, where one of each person has room, and read there by this same page: the next of this person's
        // waits until it is.
        $ask("SELECT GET_LOCK(CONCAT('ticket ', ?), 10)", 'i', $person);
        $ask(
            "REPLACE INTO demande (P_ID, P_CODE, D_TYPE, D_DATE, D_BY, D_SECRET) VALUES (?, ?, 'sso', NOW(), ?, ?)",
            'isis',
            $person,
            $login,
            $person,
            $ticket
        );
        $GLOBALS['maquette'] = $database;
        return;
    }
    header('Cache-Control: no-store');
    header('Location: /index.php' . ($isIn ? '' : "?id=$person&ticket=$made"), true, 303);
    exit;
})();
