import { z } from 'zod';

/** One run of Agent Zero beyond doubt: the number of a process is given to another one later. */
export const lifeSchema = z.object({
  /** `null`: it is no process of this machine, as in Docker Desktop. */
  pid: z.int().positive().nullable(),
  startedAt: z.string(),
  /** Its container; `null`: it is in none. */
  container: z.string().nullable().default(null),
});

export type Life = z.infer<typeof lifeSchema>;

/** What a life was started with: one of other settings is replaced. */
export interface RunnerSettings {
  /** Whose `usr` has what Agent Zero keeps. */
  directory: string;
  port: number;
  /** `null`: it is a process. */
  image: string | null;
}

/** What Agent Zero runs as: a process of this machine, or a container. */
export interface Runner {
  readonly settings: RunnerSettings;
  /** How seldom it may be looked at, once it answers, in ms: what `ended` tells comes sooner. */
  readonly lookMs: number;
  /**
   * Starts it, its output going to a file that may be truncated meanwhile.
   * @throws AppError AGENT_ZERO_NOT_CONFIGURED, AGENT_ZERO_FAILED, PORT_IN_USE
   */
  launch(logFile: string): Promise<{ life: Life; ended: Promise<void> }>;
  /** Takes up one of an earlier life of BorgOS. Returns its end; `null`: nobody tells of it. */
  adopt(life: Life, logFile: string): Promise<void> | null;
  /** `null`: that cannot be known at present. */
  isAlive(life: Life): Promise<boolean | null>;
  /** One of this home that nobody has noted. */
  find(): Promise<Life | null>;
  /**
   * Ends it and all that it has left; `null`: all that there is. Its port is free afterwards.
   * @param politeMs how long it may take to end by itself, if not as long as is usual
   * @throws AppError AGENT_ZERO_FAILED
   */
  end(life: Life | null, politeMs?: number): Promise<void>;
  /** Lets go of it: it runs on. */
  close(): void;
}
