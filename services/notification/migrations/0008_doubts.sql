ALTER TABLE delivery
    -- Attempts after which the provider may have had it: without an answer, or by a worker that did not come back.
    ADD COLUMN doubts int NOT NULL DEFAULT 0,
    -- The worker that holds the lease has turned to the provider. One that dies before leaves no doubt.
    ADD COLUMN begun boolean NOT NULL DEFAULT false;
