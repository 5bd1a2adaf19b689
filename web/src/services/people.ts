/** Users, projects and tokens. */
import type { components } from './schema'
import type { Session } from './types'

type Api = components['schemas']

export type User = Api['ListedUser']
export type Role = User['role']
export type UserWithLogin = Api['UserWithLogin']
export type ProjectOfUser = Api['ProjectOfUser']
export type Project = Api['Project']
export type Visibility = Project['visibility']
export type Token = Api['Token']

/** Whether somebody may change a project and who is in it. */
export const manages = ({ role }: Pick<ProjectOfUser, 'role'>) => role === 'owner' || role === 'administrator'

export const projectsOf = (session: Session | undefined) => session?.projects ?? []
