import type { ToolDefinition } from '@borgos/contracts/mcp-servers';
import type { Generated, GeneratedAlways } from 'kysely';
import type {
  GeneratedJson,
  GeneratedTimestamp,
  NullableJson,
  NullableTimestamp,
} from './column-types.ts';

export interface McpServersTable {
  id: GeneratedAlways<number>;
  name: string;
  transport: 'stdio' | 'http';
  command: NullableJson<string[]>;
  url: string | null;
  environment: string | null;
  headers: string | null;
  environment_names: Generated<string[]>;
  header_names: Generated<string[]>;
  call_timeout_seconds: Generated<number>;
  is_enabled: Generated<boolean>;
  version: Generated<number>;
  problems: GeneratedJson<string[]>;
  listed_at: NullableTimestamp;
  created_at: GeneratedTimestamp;
  updated_at: GeneratedTimestamp;
}

export interface McpServerToolsTable {
  server_id: number;
  server_name: string;
  name: string;
  is_enabled: Generated<boolean>;
  is_read_only: Generated<boolean>;
  current: NullableJson<ToolDefinition>;
  hash: string | null;
  approved: NullableJson<ToolDefinition>;
  approved_hash: string | null;
}
