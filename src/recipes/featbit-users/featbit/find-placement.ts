import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import type { Placement } from '../mapping/ids.ts';
import { textOfBinary } from '../mapping/uuid.ts';
import type { Settings } from '../settings/settings.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface FoundPlacement {
  /** Null: there are faults. */
  readonly placement: Placement | null;
  readonly faults: readonly string[];
}

type Wanted = Pick<Settings, 'workspace' | 'organization' | 'environment' | 'target' | 'hasWorkspaceUsers'>;

/** Where users go in this FeatBit, or everything that is wrong about what the settings say of it. */
export async function findPlacement(
  featbit: MongodbDatabase,
  wanted: Wanted,
  options: SignalOption,
): Promise<FoundPlacement> {
  const places = await readPlaces(featbit, options);
  const faults: string[] = [];
  const choose = (kind: Kind, candidates: readonly Place[], name: string | null): Place | null => {
    const chosen = chooseOne(kind, candidates, name);
    if ('fault' in chosen) faults.push(chosen.fault);
    return 'place' in chosen ? chosen.place : null;
  };
  const workspace = choose('workspace', places.workspaces, wanted.workspace);
  const within = places.organizations.filter(({ parent }) => parent === workspace?.id);
  const organization = choose(
    'organization',
    workspace === null ? places.organizations : within,
    wanted.organization,
  );
  const projects = places.projects.filter(({ parent }) => parent === organization?.id).map(({ id }) => id);
  const ofThem = places.environments.filter(({ parent }) => parent !== null && projects.includes(parent));
  const environment =
    wanted.target === 'members'
      ? null
      : choose('environment', organization === null ? places.environments : ofThem, wanted.environment);
  if (faults.length > 0 || workspace === null || organization === null) return { placement: null, faults };
  return {
    placement: {
      workspaceId: workspace.id,
      organizationId: organization.id,
      environmentId: environment?.id ?? null,
      hasWorkspaceUsers: wanted.hasWorkspaceUsers ?? places.hasWorkspaceUsers,
      hasMembers: wanted.target !== 'end-users',
    },
    faults,
  };
}

type Kind = 'workspace' | 'organization' | 'environment';

interface Place {
  readonly id: string;
  readonly key: string;
  /** Of a workspace: none. */
  readonly parent: string | null;
}

function chooseOne(
  kind: Kind,
  candidates: readonly Place[],
  name: string | null,
): { readonly place: Place } | { readonly fault: string } {
  const variable = `FEATBIT_${kind.toUpperCase()}`;
  const there = candidates.map(({ key, id }) => `${key} (${id})`).join(', ') || 'none';
  if (name === null) {
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1) return { place: only };
    if (only === undefined) return { fault: `FeatBit has no ${kind} yet: finish its set-up first` };
    return { fault: `${variable}: is needed, as FeatBit has several: ${there}` };
  }
  const found = candidates.filter(({ id, key }) => id === name.toLowerCase() || key === name);
  const [place] = found;
  if (place !== undefined && found.length === 1) return { place };
  return place === undefined
    ? { fault: `${variable}: there is no ${kind} with the id or key ${name}; there is: ${there}` }
    : { fault: `${variable}: several have the key ${name}; name one by its id: ${there}` };
}

interface Places {
  readonly workspaces: readonly Place[];
  readonly organizations: readonly Place[];
  readonly projects: readonly Place[];
  readonly environments: readonly Place[];
  readonly hasWorkspaceUsers: boolean;
}

async function readPlaces(featbit: MongodbDatabase, options: SignalOption): Promise<Places> {
  const read = (collection: string, parent: string) => readPlacesOf(featbit, { collection, parent }, options);
  const [workspaces, organizations, projects, environments] = await Promise.all([
    read('Workspaces', ''),
    read('Organizations', 'workspaceId'),
    read('Projects', 'organizationId'),
    read('Environments', 'projectId'),
  ]);
  const hasWorkspaceUsers = await hasCollection(featbit, 'WorkspaceUsers', options);
  return { workspaces, organizations, projects, environments, hasWorkspaceUsers };
}

async function readPlacesOf(
  featbit: MongodbDatabase,
  { collection, parent }: { readonly collection: string; readonly parent: string },
  options: SignalOption,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  const projection = { key: 1, ...(parent === '' ? {} : { [parent]: 1 }) };
  for await (const document of featbit.documents({ find: collection, projection }, options)) {
    const place = toPlace(document, parent);
    if (place !== null) places.push(place);
  }
  return places;
}

function toPlace(document: JsonDocument, parent: string): Place | null {
  const id = textOfBinary(document['_id']);
  return id === null
    ? null
    : { id, key: String(document['key'] ?? ''), parent: textOfBinary(document[parent]) };
}

async function hasCollection(
  featbit: MongodbDatabase,
  name: string,
  options: SignalOption,
): Promise<boolean> {
  const command = { listCollections: 1, filter: { name }, nameOnly: true };
  for await (const _found of featbit.documents(command, options)) return true;
  return false;
}
