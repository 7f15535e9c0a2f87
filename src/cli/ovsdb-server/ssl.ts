/**
 * SSL settings that may live in a database: looked up each time they are used. ovsdb-server(1), "Public Key
 * Infrastructure".
 */

import type { TlsConfig } from '../../net/tls-config.ts';
import { readSetting, settingProblem } from '../../ovsdb/server/db-column.ts';
import type { OvsdbServer } from '../../ovsdb/server/server.ts';
import type { SslNames } from './options.ts';

export function sslSettings(server: OvsdbServer, names: SslNames): TlsConfig {
  return {
    get privateKey() {
      return readSetting(server, names.privateKey);
    },
    get certificate() {
      return readSetting(server, names.certificate);
    },
    get caCert() {
      return readSetting(server, names.caCert);
    },
    isBootstrap: names.isBootstrap,
    peerCaCert: names.peerCaCert,
    get protocols() {
      return readSetting(server, names.protocols);
    },
    get ciphers() {
      return readSetting(server, names.ciphers);
    },
  };
}

/** One line for each `db:` name that does not stand for strings. */
export function sslProblems(server: OvsdbServer, names: SslNames): string {
  const { privateKey, certificate, caCert, protocols, ciphers } = names;
  const problems = [privateKey, certificate, caCert, protocols, ciphers].map((name) =>
    settingProblem(server, name),
  );
  return problems.map((problem) => (problem === undefined ? '' : `${problem}\n`)).join('');
}
