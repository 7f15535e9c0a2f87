/** Keys and certificates for TLS, as openssl makes them: NAME.key and NAME.crt in a folder. */
import { runProgram } from './run-program.ts';

function openssl(folder: string, command: string): void {
  const { status, stderr } = runProgram('openssl', command.split(' '), { cwd: folder });
  if (status !== 0) throw new Error(stderr);
}

/** A fresh key, and what `command` makes of it for that name. */
function makeKey(folder: string, command: string, name: string, out: string): void {
  openssl(folder, `${command} -newkey rsa:2048 -nodes -keyout ${name}.key -out ${out} -subj /CN=${name}`);
}

/** Signed by itself. */
export function makeAuthority(folder: string, name: string): void {
  makeKey(folder, 'req -x509 -days 9', name, `${name}.crt`);
}

export function makeIdentity(folder: string, name: string, authority: string): void {
  makeKey(folder, 'req', name, `${name}.csr`);
  const signer = `-CA ${authority}.crt -CAkey ${authority}.key -CAcreateserial -days 9`;
  openssl(folder, `x509 -req -in ${name}.csr ${signer} -out ${name}.crt`);
}
