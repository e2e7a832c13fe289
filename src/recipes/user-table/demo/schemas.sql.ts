/** The marketplace's `users`, as its application makes them. */
export const marketplace = `
CREATE TYPE auth_provider AS ENUM ('email', 'phone', 'google', 'facebook');
CREATE TYPE user_role AS ENUM ('customer', 'usta');
CREATE TYPE user_status AS ENUM ('active', 'inprogress', 'inactive', 'blocked');
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  first_name varchar(100), last_name varchar(100), email varchar(255), phone varchar(50),
  email_verified boolean DEFAULT false, phone_verified boolean DEFAULT false, password varchar(255),
  auth_provider auth_provider DEFAULT 'email', google_id varchar(255), facebook_id varchar(255),
  role user_role DEFAULT 'customer', status user_status NOT NULL DEFAULT 'inactive',
  customer_preferences json, profile_picture text,
  notification_via_app boolean DEFAULT true, notification_via_email boolean DEFAULT true, notification_via_sms boolean DEFAULT false,
  terms_and_conditions boolean DEFAULT false,
  average_rating numeric(3,2) DEFAULT 0, total_ratings int DEFAULT 0, total_hires int DEFAULT 0, total_views int DEFAULT 0,
  last_hired_at timestamptz, is_verified boolean DEFAULT false, is_featured boolean DEFAULT false, search_boost numeric(5,2) DEFAULT 0,
  bio text, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()
)`;

export interface ChatVariant {
  readonly roles: readonly string[];
  readonly phone: 'NOT NULL' | 'NULL';
  readonly hasNames: boolean;
}

export const currentChat: ChatVariant = {
  roles: ['customer', 'usta', 'administrator'],
  phone: 'NOT NULL',
  hasNames: true,
};
export const formerChat: ChatVariant = {
  roles: ['client', 'freelancer', 'admin'],
  phone: 'NULL',
  hasNames: false,
};

/** The chat application's, in one of its variants. */
export const chat = ({ roles, phone, hasNames }: ChatVariant): string => `
CREATE TYPE enum_users_role AS ENUM (${roles.map((role) => `'${role}'`).join(', ')});
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "externalId" uuid UNIQUE, name varchar(255) NOT NULL,
  phone varchar(20) ${phone === 'NULL' ? '' : 'NOT NULL'} UNIQUE, email varchar(255), role enum_users_role NOT NULL DEFAULT '${roles[0]}',
  "socketId" varchar(255), "isOnline" boolean DEFAULT false, "lastSeen" timestamptz, avatar varchar(255), "metaData" json,
  "createdAt" timestamptz NOT NULL DEFAULT now(), "updatedAt" timestamptz NOT NULL DEFAULT now()
  ${hasNames ? ', "firstName" varchar(50), "lastName" varchar(50)' : ''}
);
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW."updatedAt" := now(); RETURN NEW; END';
CREATE TRIGGER users_updated_at BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TABLE messages (id serial PRIMARY KEY, "senderId" uuid NOT NULL REFERENCES users ON DELETE CASCADE, text text);
CREATE TABLE conversation_participants (id serial PRIMARY KEY, "userId" uuid NOT NULL REFERENCES users ON DELETE CASCADE);
CREATE TABLE device_tokens (id serial PRIMARY KEY, "userId" uuid NOT NULL REFERENCES users ON DELETE CASCADE, token text)`;

/** Active users with these numbers; number 7 has the id 00000000-0000-4000-8000-000000000007. */
export const people = (from: number, to: number): string => `
INSERT INTO users (id, first_name, last_name, email, phone, email_verified, password, status, role, customer_preferences, average_rating, profile_picture)
SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'First' || n, 'Last' || n, 'user' || n || '@example.com',
  '+994 50 ' || (1000000 + n), n % 2 = 0, 'hash of ' || n, 'active', CASE WHEN n % 3 = 0 THEN 'usta' ELSE 'customer' END::user_role,
  json_build_object('theme', 'dark', 'n', n), 4.50, 'https://cdn.example.com/' || n || '.png'
FROM generate_series(${from}, ${to}) n`;

export const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
