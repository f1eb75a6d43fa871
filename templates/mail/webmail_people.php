<?php
// Written by maquette. A plugin of Roundcube's: whose address is whose, and by which name people write.

class maquette extends rcube_plugin
{
    private const PEOPLE = '{{people}}';

    public function init()
    {
        $this->add_hook('email2user', [$this, 'user_of']);
        $this->add_hook('user_create', [$this, 'written_as']);
    }

    /** Whoever logs on by an address is the same user as by the login. */
    public function user_of($asked)
    {
        foreach ($this->people() as $user => $person) {
            if ($person['address'] === $asked['email']) {
                $asked['user'] = $user;
            }
        }
        return $asked;
    }

    public function written_as($asked)
    {
        $person = $this->people()[$asked['user']] ?? null;
        if ($person !== null) {
            $asked['user_name'] = $person['name'];
            $asked['user_email'] = $person['address'];
        }
        return $asked;
    }

    private function people(): array
    {
        return json_decode((string) file_get_contents(self::PEOPLE), true) ?: [];
    }
}
