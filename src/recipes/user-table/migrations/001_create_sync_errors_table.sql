-- What went wrong with the synchronisation of users, for the people who run the chat application.
CREATE TABLE IF NOT EXISTS sync_errors (
  id serial PRIMARY KEY,
  error_type varchar(100) NOT NULL,
  user_id varchar(255),
  error_message text NOT NULL,
  error_stack text,
  additional_data jsonb,
  created_at timestamp DEFAULT now(),
  resolved boolean DEFAULT false,
  resolved_at timestamp,
  retry_count int DEFAULT 0
);
CREATE INDEX IF NOT EXISTS idx_sync_errors_error_type ON sync_errors (error_type);
CREATE INDEX IF NOT EXISTS idx_sync_errors_user_id ON sync_errors (user_id);
CREATE INDEX IF NOT EXISTS idx_sync_errors_created_at ON sync_errors (created_at DESC);
CREATE INDEX IF NOT EXISTS idx_sync_errors_unresolved ON sync_errors (resolved) WHERE resolved = false;
