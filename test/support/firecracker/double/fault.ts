/** What Firecracker answers with status 400. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

export const afterStart = 'The requested operation is not supported after starting the microVM.';
export const beforeStart = 'The requested operation is not supported before starting the microVM.';
