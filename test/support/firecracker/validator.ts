import { Ajv, type ValidateFunction } from 'ajv';
import { definitions, type Operation, operations } from './api.ts';
import { ruleViolations } from './rules.ts';

/** A request to Firecracker as it went over the socket. */
export interface ApiRequest {
  method: string;
  path: string;
  /** The parsed body; undefined where there was none. */
  body?: unknown;
}

/** What Firecracker answered. */
export interface ApiReply {
  status: number;
  /** The parsed body; undefined where there was none. */
  body?: unknown;
}

/** Holds requests and replies against the API of one minor version. */
export class ApiValidator {
  readonly #minor: number;
  readonly #compiled: (name: string) => ValidateFunction;

  constructor(minor: number) {
    this.#minor = minor;
    const ajv = new Ajv({ strict: true, allErrors: true });
    ajv.addSchema({ $id: 'firecracker', definitions: definitions(minor) });
    this.#compiled = (name) => {
      const validate = ajv.getSchema(`firecracker#/definitions/${name}`);
      if (!validate) throw new Error(`no definition ${name} in version 1.${minor}`);
      return validate;
    };
  }

  /** Says what is wrong with a request, or nothing. */
  request(request: ApiRequest): string[] {
    const operation = this.operationOf(request);
    if (!operation) return [`there is no ${request.method} ${request.path} in version 1.${this.#minor}`];
    const wrong = this.#body(operation.body, request.body);
    return wrong.length > 0 ? wrong : ruleViolations(operation, request);
  }

  /** Says what is wrong with a reply to a request, or nothing. */
  reply(request: ApiRequest, reply: ApiReply): string[] {
    if (reply.status >= 400) return this.#body('Error', reply.body);
    const expected = this.operationOf(request)?.reply;
    const status = expected === undefined ? 204 : 200;
    if (reply.status !== status) return [`the status is ${reply.status} instead of ${status}`];
    return this.#body(expected, reply.body);
  }

  /** The operation that a request asks for, if this version has it. */
  operationOf({ method, path }: ApiRequest): Operation | undefined {
    return operations.find(
      (operation) =>
        operation.method === method &&
        (operation.since ?? 0) <= this.#minor &&
        (operation.path.endsWith('/{id}')
          ? path.startsWith(operation.path.slice(0, -4)) &&
            !path.slice(operation.path.length - 4).includes('/')
          : operation.path === path),
    );
  }

  #body(definition: string | undefined, body: unknown): string[] {
    if (definition === undefined)
      return body === undefined ? [] : ['there is a body, and none belongs there'];
    if (body === undefined) return ['the body is missing'];
    const validate = this.#compiled(definition);
    if (validate(body)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const which = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
      return `${definition}${instancePath}: ${message}${which}`;
    });
  }
}
