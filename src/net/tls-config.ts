/** File names and settings, as given by options or by the database's SSL table. */
export interface TlsConfig {
  readonly privateKey?: string | undefined;
  readonly certificate?: string | undefined;
  /** Of the peer. "none" switches verification off. */
  readonly caCert?: string | undefined;
  /** If the file of `caCert` does not exist, take the CA certificate from the first peer and write it there. */
  readonly isBootstrap?: boolean | undefined;
  /** Certificates to send to peers so that they can bootstrap. */
  readonly peerCaCert?: string | undefined;
  /** "TLSv1.2,TLSv1.3" */
  readonly protocols?: string | undefined;
  /** OpenSSL cipher list. */
  readonly ciphers?: string | undefined;
  /** Server name (SNI) to ask for as a client, instead of the host of the remote when that is a name. */
  readonly serverName?: string | undefined;
}
