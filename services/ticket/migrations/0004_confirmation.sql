ALTER TABLE appeal
    -- What an assertion must be bound to beside the appeal (T20): more is at stake when access is given back than when a name is mended.
    ADD COLUMN required_action text NOT NULL DEFAULT 'resolve',
    -- Whose identity was confirmed: for an appeal filed without login, the person that its fulfilment speaks of.
    ADD COLUMN confirmed_citizen_id uuid;
ALTER TABLE appeal ALTER COLUMN required_action DROP DEFAULT;
