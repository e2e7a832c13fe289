import type { AlertMessage } from '../../../protocol/alerts.ts';
import { headlineOf, linesOf } from '../message-text.ts';
import type { SlackTarget } from '../target.ts';
import type { Attempt, Delivery } from './delivery.ts';
import { postJson } from './post-json.ts';

/** An incoming webhook of Slack, or of anything that takes the same (Mattermost, Rocket.Chat, Discord with `/slack`). */
export const sendSlack = ({ url }: SlackTarget, { message, signal }: Attempt): Promise<Delivery> =>
  postJson(url, { body: JSON.stringify({ text: textOf(message) }), headers: {}, signal });

const signs: Readonly<Record<AlertMessage['state'], string>> = {
  firing: ':red_circle:',
  resolved: ':large_green_circle:',
  test: ':information_source:',
};

const textOf = (message: AlertMessage): string =>
  [`${signs[message.state]} *${escaped(headlineOf(message))}*`, ...linesOf(message).map(escaped)].join('\n');

/** The three characters that mean something in Slack’s texts. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
