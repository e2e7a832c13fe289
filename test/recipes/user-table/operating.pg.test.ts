import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { startSmtpServer } from '../../support/receivers/smtp-server.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

const aboutLetters = (text: string): boolean => text.includes('deadLetters');

describe('operating', { timeout: 90_000 }, () => {
  test('UT-46 paused, it stays so over a restart, and loses nothing', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 50));
    {
      await using service = await town.start('setup');
      expect(await town.command(['pause'])).toMatchObject({ code: 0, answer: { ok: true } });
      await eventually('it says so', () => service.logged('Status: paused').length > 0);
      await town.source.query(
        `UPDATE users SET first_name = 'Meanwhile' WHERE id = '${idOf(1)}'; DELETE FROM users WHERE id = '${idOf(2)}'`,
      );
      await eventually('health is red', async () => (await service.get('/health')).code === 503);
      await service.stop();
    }
    await using service = await town.begin();
    await eventually('it is paused still', () => service.logged('Status: paused').length > 0);
    expect(await town.chatUser(idOf(1))).toMatchObject({ name: 'First1 Last1' });
    expect((await town.command(['status'])).answer).toMatchObject({ result: { status: 'paused' } });
    expect(await town.command(['resume'])).toMatchObject({ code: 0, answer: { ok: true } });
    await eventually(
      'what happened meanwhile is there',
      async () => (await town.chatUser(idOf(1)))?.name === 'Meanwhile Last1',
    );
    await eventually(
      'who was deleted is deactivated',
      async () => (await town.chatUser(idOf(2)))?.metaData?.['deactivatedAt'] !== undefined,
    );
    await service.healthy();
    expect((await town.command(['resume'])).answer).toMatchObject({ result: { wasPaused: false } });
  });

  test('UT-47 a user that fails is told to the alert’s target once, and once that it is over', async () => {
    await using town = await openTown();
    await using pager = await startHttpReceiver();
    await town.source.query(people(1, 20));
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last5')`);
    await using service = await town.start('setup', {
      ALERT_WEBHOOK_URL: pager.url,
      ALERT_SETTLE_SECONDS: '1',
    });
    const told = (): readonly string[] =>
      pager.taken
        .filter(({ body }) => body['alert'] === 'deadLetters')
        .map(({ body }) => String(body['state']));
    await town.source.query(`UPDATE users SET first_name = 'Bad' WHERE id = '${idOf(5)}'`);
    await eventually('it is told', () => told().length > 0);
    expect(pager.taken.find(({ body }) => body['alert'] === 'deadLetters')?.body).toMatchObject({
      pipeline: 'users',
      state: 'firing',
      nextStep: expect.stringContaining('lockstep user-table letters'),
    });
    await town.source.query(`UPDATE users SET first_name = 'Good' WHERE id = '${idOf(5)}'`);
    await eventually('it is over', () => told().includes('resolved'));
    await service.stop();
    expect(told()).toEqual(['firing', 'resolved']);
    expect(service.child.stdout).not.toContain('planted-path');
  });

  test('UT-47 Slack and e-mail are told too, once each, though both are away when it begins', async () => {
    await using town = await openTown();
    const certificate = makeCertificate();
    const trusted = join(town.directory, 'mail.pem');
    writeFileSync(trusted, certificate.cert);
    const login = { user: 'sync', password: 'of the mail server' };
    await using slack = await startHttpReceiver({ kind: 'answer', status: 503 });
    await using mail = await startSmtpServer(login, { kind: 'starttls', certificate });
    mail.behave('busy');
    await town.source.query(people(1, 20));
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last5')`);
    await using service = await town.start('setup', {
      ALERT_SLACK_URL: slack.url,
      ALERT_EMAIL_HOST: '127.0.0.1',
      ALERT_EMAIL_PORT: String(mail.port),
      ALERT_EMAIL_USER: login.user,
      ALERT_EMAIL_PASSWORD: login.password,
      ALERT_EMAIL_FROM: 'sync@example.com',
      ALERT_EMAIL_TO: 'a@example.com, b@example.com',
      ALERT_SETTLE_SECONDS: '1',
      NODE_EXTRA_CA_CERTS: trusted,
    });
    const slackTold = () => slack.taken.map(({ body }) => String(body['text'])).filter(aboutLetters);
    const mailed = () => mail.mails.filter(({ text }) => aboutLetters(text));
    await town.source.query(`UPDATE users SET first_name = 'Bad' WHERE id = '${idOf(5)}'`);
    await eventually('both were asked in vain', () => {
      const targets = service.logged('could not be delivered').map(({ message }) => message);
      return ['slack', 'email'].every((target) => targets.some((message) => message.endsWith(target)));
    });
    slack.behave({ kind: 'answer', status: 200 });
    mail.behave('take');
    await eventually('Slack is told', () => slackTold().length === 1);
    await eventually('a mail is sent', () => mailed().length === 1);
    expect(slackTold()[0]).toMatch(/^:red_circle: .*users/);
    expect(mailed()[0]).toMatchObject({ from: 'sync@example.com', to: ['a@example.com', 'b@example.com'] });
    await town.source.query(`UPDATE users SET first_name = 'Good' WHERE id = '${idOf(5)}'`);
    await eventually(
      'both are told that it is over',
      () => slackTold().length === 2 && mailed().length === 2,
    );
    await service.stop();
    expect(slackTold()[1]).toMatch(/^:large_green_circle: /);
    expect([slackTold().length, mailed().length]).toEqual([2, 2]);
    expect(service.child.stdout).not.toMatch(/planted-path|of the mail server/);
  });
});
