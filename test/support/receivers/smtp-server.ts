import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Certificate } from '../certificate.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text, as they came. */
  readonly text: string;
}

/** `hang`: says nothing, not even hello. */
export type SmtpBehaviour = 'take' | 'hang' | 'busy';

/** What some addresses are answered: `550 nobody of that name`. */
export type SmtpAnswers = Readonly<Record<string, string>>;

/** When what is said is encrypted. */
export interface SmtpTls {
  readonly kind: 'starttls' | 'implicit';
  readonly certificate: Certificate;
}

/** As much of RFC 5321, STARTTLS (RFC 3207) and AUTH (PLAIN, LOGIN) as a mail needs. */
export interface SmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly Mail[];
  behave(behaviour: SmtpBehaviour): void;
  /** Others are taken. */
  answer(recipients: SmtpAnswers): void;
}

interface Login {
  readonly user: string;
  readonly password: string;
}

export async function startSmtpServer(
  login: Login | null = null,
  tls: SmtpTls | null = null,
): Promise<SmtpServer> {
  const mails: Mail[] = [];
  const sockets = new Set<Socket>();
  const state = { behaviour: 'take' as SmtpBehaviour, answers: {} as SmtpAnswers };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const behaviour = state.behaviour;
    if (behaviour === 'hang') return;
    const { answers } = state;
    const service = { login, behaviour, answers, tls, take: (mail: Mail) => void mails.push(mail) };
    serve(tls?.kind === 'implicit' ? secured(socket, tls) : socket, service);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    mails,
    behave: (next) => {
      state.behaviour = next;
    },
    answer: (recipients) => {
      state.answers = recipients;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Service {
  readonly login: Login | null;
  readonly behaviour: SmtpBehaviour;
  readonly answers: SmtpAnswers;
  /** Of a connection that is not encrypted yet. */
  readonly tls: SmtpTls | null;
  readonly take: (mail: Mail) => void;
}

/** Whoever refuses the certificate breaks it off, which is the other side's affair. */
function secured(socket: Socket, { certificate }: SmtpTls): TLSSocket {
  const secure = new TLSSocket(socket, { isServer: true, ...certificate });
  secure.on('error', () => undefined);
  return secure;
}

function serve(socket: Socket, service: Service): void {
  socket.write(service.behaviour === 'busy' ? '421 try later\r\n' : '220 test\r\n');
  converse(socket, service);
}

function converse(socket: Socket, service: Service): void {
  const dialogue = new Dialogue((line) => void socket.write(`${line}\r\n`), service);
  let rest = '';
  const hear = (piece: Buffer): void => {
    const lines = `${rest}${piece.toString()}`.split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const next = dialogue.hear(line);
      if (next === 'end') socket.end();
      if (next !== 'secure' || service.tls === null) continue;
      socket.off('data', hear);
      converse(secured(socket, service.tls), { ...service, tls: null });
    }
  };
  socket.on('data', hear);
}

/** What follows a line. */
type Next = 'go on' | 'secure' | 'end';

class Dialogue {
  readonly #say: (line: string) => void;
  readonly #service: Service;
  #isKnown: boolean;
  #from = '';
  #to: string[] = [];
  /** Lines of a mail; null: commands come. */
  #data: string[] | null = null;
  /** What the next line of a login is. */
  #expects: 'user' | 'password' | null = null;
  #user = '';

  constructor(say: (line: string) => void, service: Service) {
    this.#say = say;
    this.#service = service;
    this.#isKnown = service.login === null;
  }

  hear(line: string): Next {
    if (this.#data !== null) this.#hearData(line, this.#data);
    else if (this.#expects !== null) this.#hearLogin(line, this.#expects);
    else return this.#hearCommand(line);
    return 'go on';
  }

  #hearCommand(line: string): Next {
    const [word = '', ...words] = line.split(/[ :]/);
    switch (word.toUpperCase()) {
      case 'EHLO':
        this.#say('250-test');
        if (this.#service.tls?.kind === 'starttls') this.#say('250-STARTTLS');
        this.#say('250 AUTH PLAIN LOGIN');
        return 'go on';
      case 'STARTTLS':
        this.#say('220 go ahead');
        return 'secure';
      case 'AUTH':
        this.#beginLogin(words);
        return 'go on';
      case 'MAIL':
        this.#from = addressOf(line);
        this.#to = [];
        this.#say(this.#isKnown ? '250 ok' : '530 who are you');
        return 'go on';
      case 'RCPT':
        this.#hearRecipient(addressOf(line));
        return 'go on';
      case 'DATA':
        this.#data = [];
        this.#say('354 go on');
        return 'go on';
      case 'QUIT':
        this.#say('221 bye');
        return 'end';
      default:
        this.#say('250 ok');
        return 'go on';
    }
  }

  #hearRecipient(address: string): void {
    const refusal = this.#service.answers[address];
    if (refusal === undefined) this.#to.push(address);
    this.#say(refusal ?? '250 ok');
  }

  #hearData(line: string, data: string[]): void {
    if (line !== '.') {
      data.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    this.#service.take({ from: this.#from, to: this.#to, text: data.join('\n') });
    this.#data = null;
    this.#say('250 taken');
  }

  #beginLogin([method = '', initial]: readonly string[]): void {
    if (method.toUpperCase() === 'PLAIN') {
      const [, user = '', password = ''] = decoded(initial ?? '').split('\0');
      this.#judge(user, password);
      return;
    }
    this.#expects = 'user';
    this.#say('334 VXNlcm5hbWU6');
  }

  #hearLogin(line: string, expects: 'user' | 'password'): void {
    if (expects === 'user') {
      this.#user = decoded(line);
      this.#expects = 'password';
      this.#say('334 UGFzc3dvcmQ6');
      return;
    }
    this.#expects = null;
    this.#judge(this.#user, decoded(line));
  }

  #judge(user: string, password: string): void {
    const { login } = this.#service;
    this.#isKnown = login === null || (login.user === user && login.password === password);
    this.#say(this.#isKnown ? '235 welcome' : '535 no');
  }
}

const decoded = (text: string): string => Buffer.from(text, 'base64').toString();

const addressOf = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';
