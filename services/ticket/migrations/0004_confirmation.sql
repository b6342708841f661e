ALTER TABLE appeal
    -- What an assertion must be bound to beside the appeal (T20): more is at stake when access is given back than when a name is mended.
    -- The default stays: replicas of the version before run on this schema until they are replaced, and their filings do not name it.
    ADD COLUMN required_action text NOT NULL DEFAULT 'resolve',
    -- Whose identity was confirmed: for an appeal filed without login, the person that its fulfilment speaks of.
    ADD COLUMN confirmed_citizen_id uuid;
