/**
 * TLS as the programs' `--private-key` and related options describe it: files in, Node TLS options out.
 * Used by `stream.ts`. Files are read again when they changed, so certificates may be renewed under a running daemon.
 */

import { X509Certificate } from 'node:crypto';
import type * as Tls from 'node:tls';
import type { DetailedPeerCertificate, SecureContextOptions, SecureVersion } from 'node:tls';
import { errnos, reasonOf, syscallFailed } from '../base/errno.ts';
import type { SyscallFailed } from '../base/errors.ts';
import { existsSync, readFileSync, statusOf, writeFileSync } from '../base/files.ts';
import { logger } from '../base/log.ts';
import type { TlsConfig } from './tls-config.ts';

const log = logger('stream_ssl');

/** Node's TLS, loaded when it is first needed: most programs never do, and start the sooner. */
export function loadTls(): Promise<typeof Tls> {
  return import('node:tls');
}

/** Must a peer show a certificate of our CA? */
export function isVerifying(config: TlsConfig): boolean {
  return config.caCert !== 'none' && !needsBootstrap(config);
}

/** Is the next peer to be trusted for its CA certificate? */
export function needsBootstrap(config: TlsConfig): boolean {
  return config.isBootstrap === true && config.caCert !== undefined && !existsSync(config.caCert);
}

/** Keeps what the files hold, and reads them again when one has changed. */
export class TlsContext {
  readonly #config: TlsConfig;
  readonly #tls: typeof Tls;
  #stamp = '';
  #options: SecureContextOptions | undefined;

  constructor(tls: typeof Tls, config: TlsConfig) {
    this.#tls = tls;
    this.#config = config;
  }

  /**
   * The same object as long as no file changes. Throws SyscallFailed (ENOPROTOOPT) when the configuration is
   * incomplete or a file cannot be used.
   */
  get(): SecureContextOptions {
    const stamp = requiredFiles(this.#config).map(fileStamp).join('|');
    if (this.#options === undefined || stamp !== this.#stamp) {
      this.#options = readContext(this.#tls, this.#config);
      this.#stamp = stamp;
    }
    return this.#options;
  }
}

/**
 * Writes the peer's self-signed CA certificate into `config.caCert`. Returns what went wrong, or undefined.
 * The connection that it came on must then be dropped: only the next one is verified.
 */
export function bootstrapFrom(peer: DetailedPeerCertificate, config: TlsConfig): string | undefined {
  if (config.caCert === undefined) return 'no CA certificate file is configured';
  let top = peer;
  while (top.issuerCertificate !== undefined && top.issuerCertificate !== top) top = top.issuerCertificate;
  if (top.raw === undefined || top.issuerCertificate !== top)
    return 'could not find self-signed CA certificate; the peer must send its CA certificate';
  const base64 = top.raw.toString('base64').replace(/.{1,64}/g, '$&\n');
  try {
    writeFileSync(config.caCert, `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`, {
      flag: 'wx',
      mode: 0o444,
    });
  } catch (error) {
    return `creating ${config.caCert} failed: ${reasonOf(error)}`;
  }
  log.info('successfully bootstrapped CA cert');
  return undefined;
}

/** Lowest and highest of a list such as "TLSv1,TLSv1.2"; undefined keeps the default. */
function readProtocols(text: string): { min: SecureVersion; max: SecureVersion } | undefined {
  const known: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
  const asked = new Set(text.split(/[ \t-\r,]+/));
  const chosen = known.filter((version) => asked.has(version));
  const min = chosen[0];
  const max = chosen.at(-1);
  return min === undefined || max === undefined ? undefined : { min, max };
}

function requiredFiles(config: TlsConfig): string[] {
  if (config.privateKey === undefined) log.err('Private key must be configured to use SSL');
  if (config.certificate === undefined) log.err('Certificate must be configured to use SSL');
  if (config.caCert === undefined) log.err('CA certificate must be configured to use SSL');
  if (config.privateKey === undefined || config.certificate === undefined || config.caCert === undefined) {
    // The only one that can be judged by itself: a key and a certificate belong together.
    if (config.caCert !== undefined && isVerifying(config))
      readPem('CA certificate', config.caCert, readAuthority);
    throw syscallFailed(
      'connect',
      errnos.ENOPROTOOPT,
      'SSL needs a private key, a certificate and a CA certificate',
    );
  }
  return [config.privateKey, config.certificate, config.caCert, ...(config.peerCaCert ?? '').split('\0')];
}

function fileStamp(file: string): string {
  const stat = file === '' ? undefined : statusOf(file);
  return stat === undefined ? '-' : `${stat.mtimeMs}/${stat.size}/${stat.ino}`;
}

/** Throws SyscallFailed; the log says which file is wrong, and why. */
function readContext(tls: typeof Tls, config: TlsConfig): SecureContextOptions {
  const versions = config.protocols === undefined ? undefined : readProtocols(config.protocols);
  const { privateKey = '', certificate = '', caCert = '', peerCaCert } = config;
  // Node takes an empty text for none given, a line without anything for what it is.
  const key = readPem('private key', privateKey, (pem) => tls.createSecureContext({ key: pem || '\n' }));
  const cert = readPem('certificate', certificate, (pem) => tls.createSecureContext({ cert: pem || '\n' }));
  const extra = peerCaCert === undefined ? '' : readPem('CA certificate', peerCaCert, readAuthority);
  const options: SecureContextOptions = {
    key,
    cert: `${cert}\n${extra}`,
    ...(isVerifying(config) ? { ca: readPem('CA certificate', caCert, readAuthority) } : {}),
    ...(versions === undefined ? {} : { minVersion: versions.min, maxVersion: versions.max }),
    ...(config.ciphers === undefined ? {} : { ciphers: config.ciphers }),
  };
  try {
    tls.createSecureContext(options);
  } catch (error) {
    const why = opensslText(messageOf(error));
    throw refuse(
      why.includes('key values mismatch')
        ? `Private key does not match certificate public key: ${privateKey} and ${certificate}: ${why}`
        : `cannot set up SSL: ${why}`,
    );
  }
  return options;
}

/** The text of a file that `check` accepts. Throws SyscallFailed. */
function readPem(what: string, file: string, check: (pem: string) => unknown): string {
  try {
    const pem = readFileSync(file, 'utf8');
    check(pem);
    return pem;
  } catch (error) {
    throw refuse(`failed to load ${what} from ${file}: ${opensslText(reasonOf(error))}`);
  }
}

/** Node takes a text without any certificate for no certificate. Throws. */
function readAuthority(pem: string): void {
  new X509Certificate(pem);
}

/** Says so in the log. */
function refuse(why: string): SyscallFailed {
  log.err(why);
  return syscallFailed('connect', errnos.ENOPROTOOPT, `SSL configuration (${why})`);
}

/** "error:0A000410:SSL routines::sslv3 alert handshake failure", without where in OpenSSL's source that is. */
export function opensslText(message: string): string {
  const [, code, library, reason] = /error:([0-9A-F]+):([^:]*):[^:]*:([^:]*)/.exec(message) ?? [];
  return code === undefined ? message.trim() : `error:${code}:${library}::${reason}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
