import { createRouter, createWebHistory } from 'vue-router'
import { i18n } from './i18n'
import { missedPages } from './services/missed'

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    nav?: string
  }
}

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
  routes: [
    { path: '/', component: () => import('./pages/HomePage.vue'), meta: { nav: 'home', title: 'nav.home' } },
    { path: '/data', component: () => import('./pages/DatasetsPage.vue'), meta: { nav: 'data', title: 'nav.data' } },
    { path: '/data/:id', component: () => import('./pages/DatasetPage.vue'), meta: { nav: 'data', title: 'nav.data' } },
    { path: '/train', component: () => import('./pages/TrainPage.vue'), meta: { nav: 'train', title: 'nav.train' } },
    { path: '/tasks', component: () => import('./pages/TasksPage.vue'), meta: { nav: 'tasks', title: 'nav.tasks' } },
    { path: '/tasks/:id', component: () => import('./pages/TaskPage.vue'), meta: { nav: 'tasks', title: 'nav.tasks' } },
    { path: '/runs', component: () => import('./pages/RunsPage.vue'), meta: { nav: 'runs', title: 'nav.runs' } },
    { path: '/runs/:name', component: () => import('./pages/RunPage.vue'), meta: { nav: 'runs', title: 'nav.runs' } },
    { path: '/compare', component: () => import('./pages/ComparePage.vue'), meta: { nav: 'runs', title: 'compare.short' } },
    { path: '/models', component: () => import('./pages/ModelsPage.vue'), meta: { nav: 'models', title: 'nav.models' } },
    {
      path: '/models/:address(.+/v\\d+|.+@.+)',
      component: () => import('./pages/ModelPage.vue'),
      meta: { nav: 'models', title: 'nav.models' },
    },
    { path: '/models/:address+', component: () => import('./pages/LinePage.vue'), meta: { nav: 'models', title: 'nav.models' } },
    { path: '/versions', component: () => import('./pages/VersionsPage.vue'), meta: { nav: 'models', title: 'model.compareTwo' } },
    { path: '/files', component: () => import('./pages/FilesPage.vue'), meta: { nav: 'models', title: 'file.title' } },
    { path: '/files/:name+', component: () => import('./pages/FileModelPage.vue'), meta: { nav: 'models', title: 'file.title' } },
    {
      path: '/forecast',
      component: () => import('./pages/ForecastPage.vue'),
      meta: { nav: 'forecast', title: 'nav.forecast' },
    },
    { path: '/history', component: () => import('./pages/HistoryPage.vue'), meta: { nav: 'history', title: 'nav.history' } },
    {
      path: '/history/:id',
      component: () => import('./pages/ForecastResultPage.vue'),
      meta: { nav: 'history', title: 'nav.history' },
    },
    { path: '/storage', component: () => import('./pages/StoragePage.vue'), meta: { nav: 'storage', title: 'nav.storage' } },
    { path: '/storage/plan', component: () => import('./pages/PlanPage.vue'), meta: { nav: 'storage', title: 'storage.plan' } },
    { path: '/storage/policies', component: () => import('./pages/PoliciesPage.vue'), meta: { nav: 'storage', title: 'storage.policies' } },
    { path: '/storage/archive', component: () => import('./pages/ArchivePage.vue'), meta: { nav: 'storage', title: 'storage.archive' } },
    { path: '/settings', redirect: '/settings/projects' },
    { path: '/settings/projects', component: () => import('./pages/ProjectsPage.vue'), meta: { nav: 'settings', title: 'settings.projects' } },
    { path: '/settings/users', component: () => import('./pages/UsersPage.vue'), meta: { nav: 'settings', title: 'settings.users' } },
    { path: '/settings/tokens', component: () => import('./pages/TokensPage.vue'), meta: { nav: 'settings', title: 'settings.tokens' } },
    { path: '/search', component: () => import('./pages/SearchPage.vue'), meta: { title: 'search.title' } },
    { path: '/:rest(.*)*', component: () => import('./pages/NotFoundPage.vue'), meta: { title: 'notFound.title' } },
  ],
})

/** The browser's title: what the page is about, then the product. */
export function entitle(text: string): void {
  document.title = text ? `${text} · Tidebook` : 'Tidebook'
}

router.afterEach((to, _from, failure) => failure || entitle(to.meta.title ? i18n.global.t(to.meta.title) : ''))
missedPages.follow(router)
// Charts are loaded by themselves; where it was a page, the router tells of it next.
if (typeof window !== 'undefined') window.addEventListener('vite:preloadError', () => void missedPages.missPart(router.currentRoute.value.fullPath))
