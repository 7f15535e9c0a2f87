/**
 * Role-based access control: what the RBAC_Role and RBAC_Permission tables of a database allow a client to write.
 * ovsdb(7), "Database Access Control"; the engine asks at each operation.
 */
import type { Database, TableView } from '../engine/database.ts';
import { atomsOf } from '../engine/datum.ts';
import { cell } from '../engine/row.ts';
import type { AccessRules, ColumnSchema, RowVersion, TableSchema } from '../engine/types.ts';
import type { Scalar } from '../schema-types.ts';

/** Undefined: everything is allowed. `id` is the common name of the client's certificate. */
export function accessRules(
  db: Database,
  role: string | undefined,
  id: string | undefined,
): AccessRules | undefined {
  const roles = db.table('RBAC_Role');
  if (roles === undefined || role === undefined || role === '') return undefined;
  return new RoleRules(db, roles, role, id);
}

class RoleRules implements AccessRules {
  readonly role: string;
  readonly id: string;
  readonly #db: Database;
  readonly #roles: TableView;
  readonly #hasId: boolean;

  constructor(db: Database, roles: TableView, role: string, id: string | undefined) {
    this.#db = db;
    this.#roles = roles;
    this.role = role;
    this.id = id ?? '';
    this.#hasId = id !== undefined;
  }

  mayInsert(table: TableSchema, row: RowVersion): boolean {
    const permission = this.#permissionOn(table);
    return (
      permission !== undefined && this.#isAuthorized(permission, table, row) && permission.mayInsertDelete
    );
  }

  mayUpdate(table: TableSchema, columns: readonly ColumnSchema[], rows: readonly RowVersion[]): boolean {
    const permission = this.#permissionOn(table);
    if (permission === undefined) return false;
    const isWritable = columns.every((column) => permission.columns.includes(column.name));
    return rows.every((row) => isWritable && this.#isAuthorized(permission, table, row));
  }

  mayMutate(table: TableSchema, columns: readonly ColumnSchema[], rows: readonly RowVersion[]): boolean {
    return this.mayUpdate(table, columns, rows);
  }

  mayDelete(table: TableSchema, rows: readonly RowVersion[]): boolean {
    const permission = this.#permissionOn(table);
    if (permission === undefined) return false;
    return rows.every((row) => permission.mayInsertDelete && this.#isAuthorized(permission, table, row));
  }

  #permissionOn(table: TableSchema): Permission | undefined {
    if (!this.#hasId) return undefined;
    const name = this.#roles.schema.columnsByName.get('name');
    const permissions = this.#roles.schema.columnsByName.get('permissions');
    if (name === undefined || permissions === undefined) return undefined;
    for (const row of this.#roles.rows()) {
      if (!atomsOf(cell(row, name)).includes(this.role)) continue;
      const target = mapGet(atomsOf(cell(row, permissions)), table.name);
      const view = this.#db.table(permissions.type.value?.refTable ?? '');
      const found = target === undefined ? undefined : view?.get(String(target));
      return view === undefined || found === undefined ? undefined : readPermission(view.schema, found);
    }
    return undefined;
  }

  /** One of the columns that "authorization" names must hold the client's id; "" stands for all rows. */
  #isAuthorized(permission: Permission, table: TableSchema, row: RowVersion): boolean {
    return permission.authorization.some((name) => {
      if (name === '') return true;
      const [columnName = '', key] = name.split(':');
      const column = table.columnsByName.get(columnName);
      if (column === undefined) return false;
      const atoms = atomsOf(cell(row, column));
      return (key === undefined ? atoms[0] : mapGet(atoms, key)) === this.id;
    });
  }
}

interface Permission {
  readonly authorization: readonly string[];
  readonly mayInsertDelete: boolean;
  /** Names of the columns that may be changed. */
  readonly columns: readonly string[];
}

function readPermission(schema: TableSchema, row: RowVersion): Permission {
  const read = (name: string): readonly Scalar[] => {
    const column = schema.columnsByName.get(name);
    return column === undefined ? [] : atomsOf(cell(row, column));
  };
  return {
    authorization: read('authorization').map(String),
    mayInsertDelete: read('insert_delete')[0] === true,
    columns: read('update').map(String),
  };
}

function mapGet(pairs: readonly Scalar[], key: string): Scalar | undefined {
  for (let i = 0; i + 1 < pairs.length; i += 2) if (pairs[i] === key) return pairs[i + 1];
  return undefined;
}
